import { PLATFORM_SELLER, priceChanged, productPublished, type SavedProduct, type SaveRefusal, variantsAlike } from '#catalog';
import { partsOf } from '#kernel/batches.ts';
import { type Database, type Sql, sql, type Transaction, violates } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import type { Catalog } from './context.ts';
import { writeCopies } from './product-copies.ts';
import { type KnownProduct, type KnownVariant, type Plan, planProducts } from './saved-product.ts';

type Outcome = { id: string; refusal: SaveRefusal | null }[];

/**
 * Makes products what a file says of them, at most 100, in a fixed number of statements. It is safe to run twice: what is so already is not
 * written, a variant that an earlier attempt made is known by its id, and stock is set once for each variant of the file.
 * @throws variantsAlike when two variants of one of them are the same: nothing is saved then.
 */
export async function saveProducts(ctx: Catalog, { products }: { products: SavedProduct[] }): Promise<Outcome> {
  try {
    return await ctx.together(async (ctx) => {
      const { opened } = planProducts(products, await knownOf(ctx.db, products, false));
      if (opened.length > 0) await openStock(ctx, opened);
      const plan = await ctx.db.transaction(async (tx) => {
        const plan = planProducts(products, await knownOf(tx, products, true));
        if (plan.opened.some(({ variantId }) => !opened.some((stock) => stock.variantId === variantId)))
          throw new Error('Variants were removed while a file was saved: it is tried again.');
        await write(ctx, tx, plan);
        return plan;
      });
      await setStock(ctx, plan.stocks);
      return products.map(({ id }) => ({ id, refusal: plan.refusals.get(id) ?? null }));
    });
  } catch (error) {
    if (violates(error, 'variants_sku') || violates(error, 'variants_options')) throw variantsAlike();
    throw error;
  }
}

async function knownOf(db: Database, products: readonly SavedProduct[], locked: boolean) {
  const ids = products.map(({ id }) => id);
  const known = await db.many<KnownProduct>(locked ? lockedProducts(ids) : knownProducts(ids));
  const variants = known.length > 0 ? await db.many<KnownVariant>(knownVariants(ids)) : [];
  const slugs = products.flatMap(({ category }) => category ?? []);
  const found = slugs.length > 0 ? await db.many<{ slug: string }>(knownCategories(slugs)) : [];
  return { products: known, variants, categories: new Set(found.map(({ slug }) => slug)) };
}

export const knownProducts = (ids: readonly string[]): Sql =>
  sql`select id, state, name, category, type, brand, description, translations, pending from catalog.products where id = any(${ids}::uuid[]) order by id`;
export const lockedProducts = (ids: readonly string[]): Sql => sql`${knownProducts(ids)} for no key update`;
export const knownVariants = (productIds: readonly string[]): Sql => sql`
  select id, product_id, position, sku, options, price_amount as amount, price_currency as currency
  from catalog.variants where product_id = any(${productIds}::uuid[]) order by product_id, position`;
export const knownCategories = (slugs: readonly string[]): Sql =>
  sql`select slug from catalog.categories where slug = any(${slugs}::text[])`;

const MOST_AT_ONCE = 500;

async function openStock(ctx: Catalog, variants: Plan['opened']): Promise<void> {
  for (const some of partsOf(variants, MOST_AT_ONCE)) await ctx.inventory.open({ variants: some });
}

/** Changes what differs, in the order of the variants. What was sold since the level was read stays sold. */
async function setStock(ctx: Catalog, stocks: Plan['stocks']): Promise<void> {
  const wanted = new Map(stocks.map((stock) => [stock.variantId, stock]));
  for (const variantIds of partsOf([...wanted.keys()].sort(), MOST_AT_ONCE)) {
    const levels = await ctx.inventory.levels({ variantIds });
    const changes = levels.flatMap(({ variantId, available }) => {
      const { key, units } = wanted.get(variantId)!;
      return units === available ? [] : [{ key, variantId, change: units - available, reason: 'import' }];
    });
    const outcomes = changes.length > 0 ? await ctx.inventory.changeMany({ changes }) : [];
    const refused = outcomes.find(({ outcome }) => outcome !== 'changed' && outcome !== 'replayed');
    if (refused)
      throw new Error(`The stock of a file was not set (${refused.outcome}), since it changed at this moment: it is tried again.`);
  }
}

async function write(ctx: Catalog, tx: Transaction, { inserts, updates, variants, prices, opened }: Plan): Promise<void> {
  if (inserts.length > 0 && (await tx.execute(productsInsert(inserts, ctx.clock.now()))) < inserts.length)
    throw new Error('Products of a file were made at this moment: it is tried again.');
  if (updates.length > 0) await tx.execute(productsUpdate(updates));
  if (variants.length > 0) {
    await tx.execute(sql`set constraints catalog.variants_sku, catalog.variants_options deferred`);
    await tx.execute(variantsUpsert(variants, opened));
    await tx.execute(sql`set constraints catalog.variants_sku, catalog.variants_options immediate`);
  }
  for (const { id } of inserts) emit(tx, productPublished, id, { productId: id, sellerId: PLATFORM_SELLER.id });
  for (const price of prices) emit(tx, priceChanged, price.productId, price);
  const ids = [...inserts, ...updates].map(({ id }) => id);
  if (ids.length > 0) await writeCopies(tx, ids);
}

type Texts = Plan['inserts'];

const texts = (products: Texts): Sql => sql`
  unnest(${products.map(({ id }) => id)}::uuid[], ${products.map(({ name }) => name)}::text[], ${products.map(({ category }) => category)}::text[],
         ${products.map(({ type }) => type)}::text[], ${products.map(({ brand }) => brand)}::text[], ${products.map(({ description }) => description)}::text[],
         ${products.map(({ translations }) => JSON.stringify(translations))}::jsonb[],
         ${products.map(({ pending }) => pending && JSON.stringify(pending))}::jsonb[]) as wanted (id, name, category, type, brand, description, translations, pending)`;

export const productsInsert = (products: Texts, at: Date): Sql => sql`
  insert into catalog.products (id, seller_id, seller_username, state, name, category, type, brand, description, translations, created_at)
  select id, ${PLATFORM_SELLER.id}::uuid, ${PLATFORM_SELLER.username}, 'approved', name, category, type, brand, description, translations, ${at}::timestamptz
  from ${texts(products)} order by id on conflict (id) do nothing`;

export const productsUpdate = (products: Texts): Sql => sql`
  update catalog.products set name = wanted.name, category = wanted.category, type = wanted.type, brand = wanted.brand,
                              description = wanted.description, translations = wanted.translations, pending = wanted.pending,
                              version = version + 1
  from ${texts(products)} where products.id = wanted.id`;

export const variantsUpsert = (variants: readonly KnownVariant[], opened: Plan['opened']): Sql => sql`
  insert into catalog.variants (id, product_id, position, sku, options, price_amount, price_currency, stock, stock_version)
  select v.id, v.product_id, v.position, v.sku, v.options, v.amount, v.currency, coalesce(opened.units, 0), 0
  from unnest(${variants.map((v) => v.id)}::uuid[], ${variants.map((v) => v.product_id)}::uuid[], ${variants.map((v) => v.position)}::int[],
              ${variants.map((v) => v.sku)}::text[], ${variants.map((v) => JSON.stringify(v.options))}::jsonb[],
              ${variants.map((v) => v.amount)}::bigint[], ${variants.map((v) => v.currency)}::text[]) as v (id, product_id, position, sku, options, amount, currency)
  left join unnest(${opened.map((o) => o.variantId)}::uuid[], ${opened.map((o) => o.onHand)}::bigint[]) as opened (id, units) on opened.id = v.id
  order by v.product_id, v.position
  on conflict (id) do update set sku = excluded.sku, options = excluded.options, price_amount = excluded.price_amount, price_currency = excluded.price_currency`;
