import { notFound } from '#kernel/problems.ts';
import type { FulfilmentContext } from './context.ts';
import { findOrder } from './order.ts';
import { type Return, type ReturnRow, returnsOf, returnView } from './return.ts';

/** The returns of an order, oldest first: for its buyer, for a seller those of the own shipment; `owner` null is staff. */
export async function listReturns(
  ctx: FulfilmentContext,
  orderId: string,
  owner: string | null,
): Promise<{ items: Return[]; nextCursor: null }> {
  const rows = await ctx.db.many<ReturnRow>(returnsOf(orderId, owner));
  if (rows.length === 0) await refuseOthers(ctx, orderId, owner);
  return { items: rows.map(returnView), nextCursor: null };
}

/** @throws notFound where the order is not there, or not theirs. */
async function refuseOthers(ctx: FulfilmentContext, orderId: string, owner: string | null): Promise<void> {
  const order = await findOrder(ctx.db, orderId);
  const buyer = order?.buyer ?? (await ctx.orders.placedOrder({ orderId }))?.buyer;
  if (buyer === undefined) throw notFound();
  if (owner !== null && buyer !== owner && !order?.shipments.some(({ seller_id }) => seller_id === owner)) throw notFound();
}
