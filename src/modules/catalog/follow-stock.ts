import { backInStock } from '#catalog';
import type { Level } from '#inventory';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { stockCopy } from './product-copies.ts';

type Fresh = Pick<Level, 'variantId' | 'available' | 'version'>;

/**
 * Copies levels that are newer than their copies, in one statement. What was sold out and can be bought again is copied in a transaction
 * that tells it: once, however often and in whichever order levels arrive.
 */
export async function followStock(db: Database, levels: readonly Fresh[]): Promise<void> {
  const back = new Set((await db.many<{ id: string }>(stockFollowed(levels))).map(({ id }) => id));
  if (back.size === 0) return;
  const fresh = levels.filter(({ variantId }) => back.has(variantId));
  await db.transaction(async (tx) => {
    const soldOut = await tx.many<{ id: string; product_id: string }>(soldOutAmong(fresh));
    await tx.many(stockCopy(fresh));
    for (const { id: variantId, product_id: productId } of soldOut) emit(tx, backInStock, productId, { productId, variantId });
  });
}

export const stockFollowed = (levels: readonly Fresh[]): Sql => sql`
  select id from catalog.follow_stock(${levels.map(({ variantId }) => variantId)}::uuid[], ${levels.map(({ available }) => available)}::bigint[],
                                      ${levels.map(({ version }) => version)}::bigint[]) as id`;

/** Those that are sold out as far as catalog knows; their products are locked first, as catalog.copy_stock does. */
export const soldOutAmong = (levels: readonly Fresh[]): Sql => sql`
  with locked as materialized (
    select id from catalog.products where state = 'approved'
      and id in (select product_id from catalog.variants where id = any(${levels.map(({ variantId }) => variantId)}::uuid[]))
    order by id for no key update
  )
  select variant.id, variant.product_id from locked join catalog.variants variant on variant.product_id = locked.id
  join unnest(${levels.map(({ variantId }) => variantId)}::uuid[], ${levels.map(({ available }) => available)}::bigint[],
              ${levels.map(({ version }) => version)}::bigint[]) as level (variant_id, available, version) on level.variant_id = variant.id
  where variant.stock = 0 and level.available > 0 and variant.stock_version < level.version
  order by variant.id for no key update of variant`;
