import { nameNotUnique, type Product, unknownProduct } from '#catalog';
import type { Level } from '#inventory';
import type { Whose } from '#kernel/account-life.ts';
import { sql } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import type { Catalog } from './context.ts';
import { documentOf, type ProductRow, productById, productsOfSeller, productsWithIds } from './product.ts';

/** A product with its stock as it is this moment. What is not public is seen by its seller and the staff only. */
export async function readProduct(ctx: Catalog, id: string): Promise<Product> {
  const { actor } = ctx;
  const isStaff = actor.permissions.has('catalog:write') || actor.permissions.has('catalog:approve');
  const row = await ctx.db.maybe<ProductRow>(productById(id, isStaff ? null : actor.id || NOBODY));
  if (!row) throw notFound();
  return withFreshStock(ctx, documentOf(row, isStaff || row.seller_id === actor.id));
}

/** All products of a seller, in every state. The stock is the copied one. */
export async function productsOf(ctx: Catalog, { accountId, limit }: Whose & { limit: number }): Promise<Product[]> {
  const rows = await ctx.db.many<ProductRow>(productsOfSeller(accountId, limit));
  return rows.map((row) => documentOf(row));
}

/** Products in every state. The stock is the copied one. */
export async function productsById(ctx: Catalog, { ids }: { ids: string[] }): Promise<Product[]> {
  const rows = await ctx.db.many<ProductRow>(productsWithIds(ids));
  return rows.map((row) => documentOf(row));
}

/** The one approved product of that name, letter case and accents aside; where several are, accents count. */
export async function productByName(ctx: Catalog, { name }: { name: string }): Promise<Product> {
  const alike = await ctx.db.many<{ id: string; name: string; document: string }>(productsNamed(name));
  const called = alike.filter((row) => row.name.toLowerCase() === name.toLowerCase());
  const rows = called.length > 0 ? called : alike;
  const [only, ...others] = rows;
  if (!only) throw unknownProduct({ ids: [name] });
  if (others.length > 0) throw nameNotUnique({ name, ids: rows.map(({ id }) => id) });
  return withFreshStock(ctx, JSON.parse(only.document) as Product);
}

export const productsNamed = (name: string) => sql`
  select id, name, document from catalog.products where state = 'approved' and name_key = left(catalog.key(${name}), 200) order by name_key, id limit 20`;

const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Lists show the copied stock, a product the real one. */
async function withFreshStock(ctx: Catalog, product: Product): Promise<Product> {
  const levels = await ctx.inventory.levels({ variantIds: product.variants.map(({ id }) => id) });
  const available = new Map(levels.map((level: Level) => [level.variantId, level.available]));
  const variants = product.variants.map((variant) => ({ ...variant, stock: available.get(variant.id) ?? variant.stock }));
  return { ...product, stock: variants.reduce((sum, { stock }) => sum + stock, 0), variants };
}
