import type { z } from 'zod';
import type { catalog, Product, ProductBrief } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import type { Catalog } from './context.ts';
import { documentOf } from './product.ts';
import { UNITS } from './product-copies.ts';

/** Name and seller of those of the products that are public. One statement. */
export const briefProducts = (ctx: Catalog, { ids }: { ids: string[] }): Promise<ProductBrief[]> => ctx.db.many(briefOf(ids));

export const briefOf = (ids: readonly string[]): Sql => sql`
  select id, name, seller_id as "sellerId" from catalog.products where id = any(${ids}::uuid[]) and state = 'approved' order by id`;

/** Public products with their copied stock. One statement. */
export async function shownProducts(ctx: Catalog, { ids }: { ids: string[] }): Promise<Product[]> {
  const rows = await ctx.db.many<{ document: string; units: string | null }>(shownOf(ids));
  return rows.map((row) => documentOf({ ...row, pending: null, rejection: null }));
}

export const shownOf = (ids: readonly string[]): Sql => sql`
  select document, ${UNITS} from catalog.products where id = any(${ids}::uuid[]) and state = 'approved' order by id`;

type Listings = typeof catalog.operations.listings;

/** Names and sellers, in every state. One statement. */
export const listings = (ctx: Catalog, wanted: z.infer<Listings['input']>): Promise<z.infer<Listings['output']>> =>
  ctx.db.one<z.infer<Listings['output']>>(listingsOf(wanted));

export const listingsOf = ({ productIds, variantIds }: { productIds: readonly string[]; variantIds: readonly string[] }): Sql => sql`
  select coalesce((select json_agg(json_build_object('id', id, 'name', name, 'sellerId', seller_id) order by id)
                   from catalog.products where id = any(${productIds}::uuid[])), '[]') as products,
         coalesce((select json_agg(json_build_object('id', v.id, 'productId', p.id, 'name', p.name, 'sellerId', p.seller_id, 'options', v.options) order by v.id)
                   from catalog.variants as v join catalog.products as p on p.id = v.product_id where v.id = any(${variantIds}::uuid[])), '[]') as variants`;
