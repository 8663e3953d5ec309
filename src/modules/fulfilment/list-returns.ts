import { z } from 'zod';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { FulfilmentContext } from './context.ts';
import { findOrder } from './order.ts';
import { type Return, type ReturnRow, returnsOf, returnView } from './return.ts';

export const ReturnsQuery = z.object({ limit: Limit, cursor: Cursor });

/** The returns of an order, oldest first: for its buyer, for a seller those of the own shipment; `owner` null is staff. */
export async function listReturns(
  ctx: FulfilmentContext,
  orderId: string,
  owner: string | null,
  query: z.infer<typeof ReturnsQuery>,
): Promise<Page<Return>> {
  const found = await pageOf(ctx, `returns:${orderId}`, query, {
    rows: (after, rows) => ctx.db.many<ReturnRow>(returnsOf(orderId, owner, { after: idIn(after), rows })),
    position: (row) => [row.id],
    item: returnView,
  });
  if (found.items.length === 0) await refuseOthers(ctx, orderId, owner);
  return found;
}

/** @throws notFound where the order is not there, or not theirs. */
async function refuseOthers(ctx: FulfilmentContext, orderId: string, owner: string | null): Promise<void> {
  const order = await findOrder(ctx.db, orderId);
  const buyer = order?.buyer ?? (await ctx.orders.placedOrder({ orderId }))?.buyer;
  if (buyer === undefined) throw notFound();
  if (owner !== null && buyer !== owner && !order?.shipments.some(({ seller_id }) => seller_id === owner)) throw notFound();
}
