import { z } from 'zod';
import {
  ChangedTranslations,
  ListPrice,
  Options,
  type Product,
  ProductText,
  priceChanged,
  Stock,
  type TranslationChanges,
  variantNeeded,
} from '#catalog';
import { raw, sql, type Transaction } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import { Id, line } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';
import { refusalOf } from './create-product.ts';
import { closeStockJob } from './jobs.ts';
import { pendingAfter, stillPending } from './pending.ts';
import { lockProduct, ownedProduct, type ProductRow, refreshed, type VariantRow, variantsOf, writeVariants } from './product.ts';
import { isReviewed } from './product-images.ts';
import { translated } from './translations.ts';

const { name, category, type, brand, description } = ProductText;

const ChangedVariant = z.strictObject({
  id: Id.transform((id) => id.toLowerCase()).optional(),
  sku: line(64).nullable().optional(),
  options: Options,
  price: ListPrice,
  stock: Stock.optional(),
});

/** A JSON Merge Patch (RFC 7396): what is absent stays, null empties. */
export const ChangeProduct = z
  .strictObject({
    name: name.optional(),
    category: category.nullable().optional(),
    type: type.nullable().optional(),
    brand: brand.nullable().optional(),
    description: description.optional(),
    translations: ChangedTranslations.nullable().optional().meta({
      description: 'Languages that are absent stay; null removes a text, a language, or all of them',
    }),
    price: ListPrice.optional(),
    variants: z.array(ChangedVariant).min(1).max(100).optional(),
  })
  .refine((product) => new Set(product.variants?.map((variant) => variant.price.currency)).size <= 1, {
    error: 'all variants are priced in one currency',
    path: ['variants'],
  })
  .refine((product) => hasNoTwins(product.variants?.flatMap(({ id }) => id ?? []) ?? []), {
    error: 'a variant stands here twice',
    path: ['variants'],
  })
  .refine((product) => !product.variants?.some((variant) => variant.id !== undefined && variant.stock !== undefined), {
    error: 'stock of a known variant changes by POST /v1/products/{id}/stock, with a reason',
    path: ['variants'],
  })
  .meta({ example: { description: 'A desk lamp with a warmer light.', translations: { fr: { name: 'Lampe' }, ar: null } } });
const hasNoTwins = (ids: string[]): boolean => new Set(ids).size === ids.length;

type ChangeProduct = z.infer<typeof ChangeProduct>;

/**
 * Changes a product. What a seller changes of the name, the description or the translations of an approved one waits for review, while the
 * approved version stays public; everything else, and all that staff change, shows at once. What is as it is shown does not wait, whether
 * its seller has sent it unchanged, has changed it back, or staff have made the same change. `owner` null is staff.
 * Stock of new variants is opened before they are written, as in createProduct.
 */
export async function changeProduct(
  ctx: Catalog,
  id: string,
  changes: ChangeProduct,
  call: { owner: string | null; ifMatch: Precondition | undefined },
): Promise<Product> {
  const variants = changes.variants?.map((variant) => ({ ...variant, id: variant.id ?? newId(), isNew: variant.id === undefined }));
  const added = (variants ?? []).filter(({ isNew }) => isNew).map((variant) => ({ variantId: variant.id, onHand: variant.stock ?? 0 }));
  try {
    return await ctx.together(async (ctx) => {
      if (added.length > 0) {
        if (!(await ctx.db.maybe(ownedProduct(id, call.owner)))) throw notFound();
        await ctx.inventory.open({ variants: added });
      }
      return ctx.db.transaction(async (tx) => {
        const row = await lockProduct(tx, id, call.owner);
        if (!row) throw notFound();
        demandVersion(call.ifMatch, row.version);
        await writeProduct(tx, row, changes, call.owner !== null && isReviewed(row), ctx.clock.now());
        const before = changes.price || variants ? await variantsOf(tx, id) : [];
        if (changes.price) await changeOnlyPrice(tx, id, changes.price, before);
        if (variants) await replaceVariants(tx, id, variants, before);
        if (row.state === 'approved' && before.length > 0) tellPrices(tx, id, before, await variantsOf(tx, id));
        return refreshed(tx, id);
      });
    });
  } catch (error) {
    throw refusalOf(error, changes.category);
  }
}

async function writeProduct(tx: Transaction, row: ProductRow, changes: ChangeProduct, waits: boolean, now: Date): Promise<void> {
  const { name, description, translations } = changes;
  const texts = { ...(name === undefined ? {} : { name }), ...(description === undefined ? {} : { description }) };
  const wished = translations === null ? allRemoved({ ...row.translations, ...row.pending?.translations }) : translations;
  const shown = waits ? row : { ...row, ...texts, translations: translated(row.translations, wished ?? {}) };
  const pending = waits ? pendingAfter(row, { ...texts, translations: wished }) : stillPending(shown, row.pending);
  const since = !row.pending === !pending ? sql`waiting_since` : sql`${pending && now}::timestamptz`;
  const kept = (field: 'category' | 'type' | 'brand') => (changes[field] === undefined ? raw(field) : sql`${changes[field]}`);
  await tx.execute(sql`
    update catalog.products
    set name = ${shown.name}, description = ${shown.description}, translations = ${JSON.stringify(shown.translations)}::jsonb,
        pending = ${pending && JSON.stringify(pending)}::jsonb, waiting_since = ${since},
        category = ${kept('category')}, type = ${kept('type')}, brand = ${kept('brand')}, version = version + 1
    where id = ${row.id}`);
}

const allRemoved = (known: object): TranslationChanges => Object.fromEntries(Object.keys(known).map((tag) => [tag, null]));

/** One price is for a product with one variant. */
async function changeOnlyPrice(
  tx: Transaction,
  productId: string,
  { amount, currency }: z.infer<typeof ListPrice>,
  known: readonly VariantRow[],
): Promise<void> {
  const [only, ...others] = known;
  if (!only || others.length > 0) throw variantNeeded({ productId, variants: known.map(({ id, options }) => ({ id, options })) });
  await writeVariants(tx, productId, [{ ...only, amount, currency }]);
}

/** What is not wanted is removed; what it has in stock is written off, and its stock history stays. */
async function removeOthers(tx: Transaction, productId: string, wanted: readonly VariantRow[]): Promise<void> {
  const removed = await tx.many<{ id: string }>(sql`
    with removed as (
      delete from catalog.variants where product_id = ${productId} and id <> all(${wanted.map(({ id }) => id)}::uuid[]) returning id, product_id
    )
    insert into catalog.removed_variants (id, product_id) select id, product_id from removed returning id`);
  if (removed.length > 0) enqueue(tx, closeStockJob, { variantIds: removed.map(({ id }) => id) });
}

/** Tells which variants have another price than before; of another currency nothing is more or less. */
function tellPrices(tx: Transaction, productId: string, before: readonly VariantRow[], after: readonly VariantRow[]): void {
  for (const { id: variantId, amount: to, currency } of after) {
    const from = before.find((variant) => variant.id === variantId && variant.currency === currency)?.amount;
    if (from !== undefined && from !== to) emit(tx, priceChanged, productId, { productId, variantId, currency, from, to });
  }
}

type WantedVariant = z.infer<typeof ChangedVariant> & { id: string; isNew: boolean };

/** Makes the variants the ones that were sent: those with a known id are changed, the others added, and what is left out removed. */
async function replaceVariants(
  tx: Transaction,
  productId: string,
  variants: readonly WantedVariant[],
  before: readonly VariantRow[],
): Promise<void> {
  const known = new Map(before.map((variant) => [variant.id, variant]));
  const wanted = variants.map(({ id, isNew, sku, options, price, stock }, position): VariantRow => {
    const before = known.get(id);
    if (!before && !isNew) throw notFound();
    const units = before?.stock ?? stock ?? 0;
    return { id, position, sku: sku === undefined ? (before?.sku ?? null) : sku, options, ...price, stock: units };
  });
  await tx.execute(sql`set constraints catalog.variants_sku, catalog.variants_options deferred`);
  await removeOthers(tx, productId, wanted);
  await writeVariants(tx, productId, wanted);
  await tx.execute(sql`set constraints catalog.variants_sku, catalog.variants_options immediate`);
}
