import { isDeepStrictEqual } from 'node:util';
import type { SavedProduct, SaveRefusal, Translations } from '#catalog';
import type { CurrencyCode } from '#kernel/money.ts';
import { stillPending } from './pending.ts';
import type { Pending } from './product.ts';
import type { ProductState } from './product-state.ts';
import { isTooMuch, merged, tooManyTranslations } from './translations.ts';

/** What is known of a product that a file names. */
export interface KnownProduct {
  id: string;
  state: ProductState;
  name: string;
  category: string | null;
  type: string | null;
  brand: string | null;
  description: string;
  translations: Translations;
  pending: Pending | null;
}

export interface KnownVariant {
  id: string;
  product_id: string;
  position: number;
  sku: string | null;
  options: Record<string, string>;
  amount: number;
  currency: CurrencyCode;
}

type Text = Omit<KnownProduct, 'state'>;

/** What is to be written so that products are what a file says. */
export interface Plan {
  refusals: Map<string, SaveRefusal>;
  inserts: Text[];
  /** With those whose variants alone change. */
  updates: Text[];
  variants: KnownVariant[];
  /** Prices of known variants of public products that change. */
  prices: { productId: string; variantId: string; currency: CurrencyCode; from: number; to: number }[];
  /** Stock that new variants begin with. */
  opened: { variantId: string; onHand: number }[];
  /** Stock that known variants shall have. The key is the id that the file gave. */
  stocks: { key: string; variantId: string; units: number }[];
}

interface Known {
  products: readonly KnownProduct[];
  variants: readonly KnownVariant[];
  /** Slugs of categories. */
  categories: ReadonlySet<string>;
}

/** Compares a file with what is known. It decides nothing that the database does not check again. */
export function planProducts(wanted: readonly SavedProduct[], { products, variants, categories }: Known): Plan {
  const plan: Plan = { refusals: new Map(), inserts: [], updates: [], variants: [], prices: [], opened: [], stocks: [] };
  const knownOf = new Map(products.map((product) => [product.id, product]));
  const variantsOf = Map.groupBy(variants, ({ product_id }) => product_id);
  for (const product of wanted) {
    const known = knownOf.get(product.id);
    const own = variantsOf.get(product.id) ?? [];
    const matched = product.variants.map((variant) => ({ variant, known: matching(own, variant) }));
    const refusal = refusalOf(product, known, own, matched, categories);
    if (refusal) plan.refusals.set(product.id, refusal);
    else planProduct(plan, product, known, own, matched);
  }
  return plan;
}

type Wanted = SavedProduct['variants'][number];
type Matched = { variant: Wanted; known: KnownVariant | undefined }[];

/** A variant that an earlier attempt made has the id that the file gives; else its SKU tells, else its options. */
const matching = (own: readonly KnownVariant[], { id, sku, options }: Wanted): KnownVariant | undefined =>
  own.find((known) => known.id === id) ??
  own.find((known) => sku != null && known.sku === sku) ??
  own.find((known) => isDeepStrictEqual(known.options, options ?? {}));

/** A row that says nothing of its product or its options only changes a variant, so its SKU must be known. It may be the first SKU of its variant. */
const isUnknown = ({ name }: SavedProduct, { variant: { sku, options, price }, known }: Matched[number]): boolean =>
  name === undefined && sku != null && options === undefined && (known ? known.sku !== null && known.sku !== sku : !price);

function refusalOf(
  product: SavedProduct,
  known: KnownProduct | undefined,
  own: readonly KnownVariant[],
  matched: Matched,
  categories: ReadonlySet<string>,
): SaveRefusal | undefined {
  if (known?.state === 'archived') return { column: 'id', reason: 'The product with this id was deleted.' };
  if (!known && product.name === undefined) return { column: 'name', reason: 'is empty, and the product is new' };
  const unknown = known ? matched.findIndex((match) => isUnknown(product, match)) : -1;
  if (unknown >= 0)
    return { column: 'sku', reason: `The product has no variant with the SKU ${product.variants[unknown]!.sku}.`, variant: unknown };
  const unpriced = matched.findIndex(({ variant, known: before }) => !before && !variant.price);
  if (unpriced >= 0) return { column: 'price', reason: 'is empty, and the variant is new', variant: unpriced };
  if (product.category && !categories.has(product.category))
    return { column: 'category', reason: `There is no category ${product.category}.` };
  if (isTooMuch(translationsOf(product, known))) return { column: 'translations', reason: tooManyTranslations().message };
  const found = matched.flatMap((match) => match.known?.id ?? []);
  if (new Set(found).size < found.length) return { column: 'options', reason: 'Two rows are the same variant.' };
  const staying = own.filter(({ id }) => !found.includes(id));
  if (staying.length + matched.length > 100) return { column: 'id', reason: 'A product has at most 100 variants.' };
  const currencies = new Set([
    ...staying.map(({ currency }) => currency),
    ...matched.map((match) => (match.variant.price ?? match.known)?.currency),
  ]);
  if (currencies.size > 1) return { column: 'currency', reason: 'All variants of a product are priced in one currency.' };
  return undefined;
}

const translationsOf = (product: SavedProduct, known: KnownProduct | undefined): Translations =>
  merged(known?.translations ?? {}, product.translations ?? {});

/** `refusalOf` has seen to it that there is one. */
const priceOf = ({ price }: Wanted, before: KnownVariant | undefined): Pick<KnownVariant, 'amount' | 'currency'> => {
  const { amount, currency } = price ?? before!;
  return { amount, currency };
};

function planProduct(
  plan: Plan,
  product: SavedProduct,
  known: KnownProduct | undefined,
  own: readonly KnownVariant[],
  matched: Matched,
): void {
  let last = Math.max(-1, ...own.map(({ position }) => position));
  const rows = matched.map(({ variant, known: before }): KnownVariant => {
    const { sku = before?.sku ?? null, options = before?.options ?? {} } = variant;
    const id = before?.id ?? variant.id;
    const position = before?.position ?? ++last;
    return { id, product_id: product.id, position, sku, options, ...priceOf(variant, before) };
  });
  const changed = rows.filter((row) => !own.some((before) => isDeepStrictEqual({ ...before }, row)));
  const { id, name = known!.name, category = known?.category ?? null, type = known?.type ?? null, brand = known?.brand ?? null } = product;
  const shown = { name, description: product.description ?? known?.description ?? '', translations: translationsOf(product, known) };
  const text: Text = { id, category, type, brand, ...shown, pending: stillPending(shown, known?.pending ?? null) };
  const isSame = known !== undefined && isDeepStrictEqual({ ...text, state: known.state }, { ...known });
  if (!known) plan.inserts.push(text);
  else if (!isSame || changed.length > 0) plan.updates.push(text);
  plan.variants.push(...changed);
  for (const { id: variantId, amount: to, currency } of known?.state === 'approved' ? changed : []) {
    const from = own.find((before) => before.id === variantId && before.currency === currency)?.amount;
    if (from !== undefined && from !== to) plan.prices.push({ productId: id, variantId, currency, from, to });
  }
  for (const { variant, known: before } of matched) {
    if (!before) plan.opened.push({ variantId: variant.id, onHand: variant.stock ?? 0 });
    else if (before.id !== variant.id && variant.stock !== undefined)
      plan.stocks.push({ key: variant.id, variantId: before.id, units: variant.stock });
  }
}
