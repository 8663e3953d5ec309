import { type PricedLine, unknownProduct, variantNeeded } from '#catalog';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import type { CurrencyCode } from '#kernel/money.ts';
import type { Catalog } from './context.ts';

interface WantedLine {
  productId?: string;
  variantId?: string;
  options?: Record<string, string>;
  quantity: number;
}

interface PricedRow {
  place: number;
  product_id: string;
  variant_id: string;
  name: string;
  options: Record<string, string>;
  amount: number;
  currency: CurrencyCode;
  seller_id: string;
  seller_username: string;
}

/** Today's price, name and seller of each line, in the order asked. One statement for all lines. */
export async function priceLines(ctx: Catalog, { lines }: { lines: WantedLine[] }): Promise<{ lines: PricedLine[] }> {
  const rows = await findOffers(ctx.db, lines);
  const offers = lines.map((_, index) => rows.filter(({ place }) => place === index + 1));
  const unknown = lines.filter((_, index) => offers[index]?.length === 0);
  if (unknown.length > 0) throw unknownProduct({ ids: unknown.map(({ variantId, productId }) => variantId ?? productId ?? '') });
  return { lines: lines.map((line, index) => pricedLine(line, offers[index] ?? [])) };
}

/** If several variants have the options, the one without other options is chosen. */
function pricedLine({ quantity, options = {} }: WantedLine, fitting: PricedRow[]): PricedLine {
  const exact = fitting.filter((offer) => Object.keys(offer.options).length === Object.keys(options).length);
  const offers = exact.length === 1 ? exact : fitting;
  const [offer, ...others] = offers;
  if (!offer || others.length > 0)
    throw variantNeeded({
      productId: offer?.product_id ?? '',
      variants: offers.map(({ variant_id, options }) => ({ id: variant_id, options })),
    });
  return {
    productId: offer.product_id,
    variantId: offer.variant_id,
    name: offer.name,
    options: offer.options,
    quantity,
    unitPrice: { amount: offer.amount, currency: offer.currency },
    seller: { id: offer.seller_id, username: offer.seller_username },
  };
}

const findOffers = (db: Database, lines: readonly WantedLine[]): Promise<PricedRow[]> => db.many<PricedRow>(offersFor(lines));

/** A variant by its id; or the variants of a product that have the options (all of them where none are named). */
export const offersFor = (lines: readonly WantedLine[]): Sql => sql`
  select wanted.place::int, product.id as product_id, variant.id as variant_id, product.name, variant.options, variant.price_amount as amount, variant.price_currency as currency,
         product.seller_id, product.seller_username
  from unnest(${lines.map(({ productId }) => productId ?? null)}::uuid[], ${lines.map(({ variantId }) => variantId ?? null)}::uuid[],
              ${lines.map(({ options }) => JSON.stringify(options ?? {}))}::jsonb[]) with ordinality as wanted (product_id, variant_id, options, place)
  cross join lateral (
    select id, product_id, options, price_amount, price_currency, position from catalog.variants
    where id = wanted.variant_id and product_id = coalesce(wanted.product_id, product_id)
    union all
    select id, product_id, options, price_amount, price_currency, position from catalog.variants
    where wanted.variant_id is null and product_id = wanted.product_id and option_tags @> catalog.option_tags(wanted.options)
  ) as variant
  join catalog.products product on product.id = variant.product_id and product.state = 'approved'
    and not exists (select from catalog.suspended_sellers where seller_id = product.seller_id)
  order by wanted.place, variant.position`;
