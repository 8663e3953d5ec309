import type { ProductBrief } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import type { Catalog } from './context.ts';

/** Name and seller of those of the products that are public. One statement. */
export const briefProducts = (ctx: Catalog, { ids }: { ids: string[] }): Promise<ProductBrief[]> => ctx.db.many(briefOf(ids));

export const briefOf = (ids: readonly string[]): Sql => sql`
  select id, name, seller_id as "sellerId" from catalog.products where id = any(${ids}::uuid[]) and state = 'approved' order by id`;
