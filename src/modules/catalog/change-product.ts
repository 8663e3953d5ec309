import { z } from 'zod';
import { Options, type Product, variantNeeded } from '#catalog';
import { raw, sql, type Transaction } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { notFound, versionMismatch } from '#kernel/problems.ts';
import { Id, line } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';
import { refusalOf } from './create-product.ts';
import {
  ListPrice,
  lockProduct,
  type ProductRow,
  ProductText,
  refreshed,
  Stock,
  type VariantRow,
  variantsOf,
  writeVariants,
} from './product.ts';

const { name, category, type, brand, description } = ProductText;

const ChangedVariant = z.strictObject({
  id: Id.optional(),
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
    price: ListPrice.optional(),
    variants: z.array(ChangedVariant).min(1).max(100).optional(),
  })
  .refine((product) => new Set(product.variants?.map((variant) => variant.price.currency)).size <= 1, {
    error: 'all variants are priced in one currency',
    path: ['variants'],
  })
  .refine((product) => !product.variants?.some((variant) => variant.id !== undefined && variant.stock !== undefined), {
    error: 'stock of a known variant changes by POST /v1/products/{id}/stock, with a reason',
    path: ['variants'],
  })
  .meta({ example: { description: 'A desk lamp with a warmer light.' } });
type ChangeProduct = z.infer<typeof ChangeProduct>;

/**
 * Changes a product. What a seller changes of the name or the description of an approved one waits for review, while the
 * approved version stays public; everything else, and all that staff change, shows at once. `owner` null is staff.
 */
export async function changeProduct(
  ctx: Catalog,
  id: string,
  changes: ChangeProduct,
  call: { owner: string | null; ifMatch: number | undefined },
): Promise<Product> {
  try {
    return await ctx.together(async (ctx) =>
      ctx.db.transaction(async (tx) => {
        const row = await lockProduct(tx, id, call.owner);
        if (!row) throw notFound();
        if (call.ifMatch !== undefined && call.ifMatch !== row.version) throw versionMismatch({ current: row.version });
        const waits = call.owner !== null && row.state === 'approved';
        await writeProduct(tx, row, changes, waits);
        const fresh = await changeVariants(tx, id, changes);
        if (fresh.length > 0)
          await ctx.inventory.open({ variants: fresh.map((variant) => ({ variantId: variant.id, onHand: variant.stock })) });
        return refreshed(tx, id);
      }),
    );
  } catch (error) {
    throw refusalOf(error, changes.category);
  }
}

async function writeProduct(tx: Transaction, row: ProductRow, changes: ChangeProduct, waits: boolean): Promise<void> {
  const reviewed = {
    ...(changes.name === undefined ? {} : { name: changes.name }),
    ...(changes.description === undefined ? {} : { description: changes.description }),
  };
  const pending =
    waits && Object.keys(reviewed).length > 0
      ? JSON.stringify({ ...row.pending, ...reviewed })
      : row.pending && JSON.stringify(row.pending);
  const now = waits ? {} : reviewed;
  const kept = (field: 'category' | 'type' | 'brand') => (changes[field] === undefined ? raw(field) : sql`${changes[field]}`);
  await tx.execute(sql`
    update catalog.products
    set name = ${now.name ?? row.name}, description = ${now.description ?? row.description}, pending = ${pending}::jsonb,
        category = ${kept('category')}, type = ${kept('type')}, brand = ${kept('brand')}, version = version + 1
    where id = ${row.id}`);
}

/** Brings the variants to what was sent. @returns the new ones, whose stock has to be opened. */
async function changeVariants(tx: Transaction, productId: string, changes: ChangeProduct): Promise<VariantRow[]> {
  if (!changes.variants && !changes.price) return [];
  const known = await variantsOf(tx, productId);
  if (changes.price) {
    const [only, ...others] = known;
    if (!only || others.length > 0) throw variantNeeded({ productId, variants: known.map(({ id, options }) => ({ id, options })) });
    const { amount, currency } = changes.price;
    await writeVariants(tx, productId, [{ ...only, amount, currency }]);
    if (!changes.variants) return [];
  }
  const wanted = (changes.variants ?? []).map((variant, position): VariantRow & { isNew: boolean } => {
    const before = known.find(({ id }) => id === variant.id);
    if (variant.id !== undefined && !before) throw notFound();
    const sku = variant.sku === undefined ? (before?.sku ?? null) : variant.sku;
    return {
      id: before?.id ?? newId(),
      position,
      sku,
      options: variant.options,
      amount: variant.price.amount,
      currency: variant.price.currency,
      stock: before?.stock ?? variant.stock ?? 0,
      isNew: !before,
    };
  });
  await tx.execute(sql`set constraints catalog.variants_sku, catalog.variants_options deferred`);
  await tx.execute(sql`delete from catalog.variants where product_id = ${productId} and id <> all(${wanted.map(({ id }) => id)}::uuid[])`);
  await writeVariants(tx, productId, wanted);
  await tx.execute(sql`set constraints catalog.variants_sku, catalog.variants_options immediate`);
  return wanted.filter(({ isNew }) => isNew);
}
