import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, isSameUsername, Limit, type Page, Username } from '#kernel/shapes.ts';
import type { Order } from '#orders';
import type { Orders } from './context.ts';
import { findOrder, type OrderRow, ordersPage } from './order.ts';
import { orderMachine } from './order-state.ts';
import { shown, shownOne } from './order-view.ts';

export const OrdersQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  state: orderMachine.State.optional().meta({ description: 'Only orders in this state' }),
  buyer: Username.optional().meta({ description: "Somebody else's orders; needs orders:read", example: 'bob' }),
});

export const PurchasesQuery = z.object({ limit: Limit, cursor: Cursor });

type Query = { limit: number; cursor?: string; state?: OrderRow['state'] | 'bought' };

/** The caller's orders, newest first; staff may name another buyer. */
export async function listOrders(ctx: Orders, { buyer, ...query }: z.infer<typeof OrdersQuery>): Promise<Page<Order>> {
  const username = buyer ?? ctx.actor.username;
  if (!isSameUsername(username, ctx.actor.username) && !ctx.actor.permissions.has('orders:read')) throw notFound();
  return ordersOf(ctx, username, query);
}

/** What a customer has bought: the orders that were placed, whatever became of them. */
export const listPurchases = (ctx: Orders, username: string, query: z.infer<typeof PurchasesQuery>): Promise<Page<Order>> =>
  ordersOf(ctx, username, { ...query, state: 'bought' });

async function ordersOf(ctx: Orders, username: string, { state, ...page }: Query): Promise<Page<Order>> {
  const own = isSameUsername(username, ctx.actor.username);
  const buyer = own ? ctx.actor : await ctx.identity.findAccount({ username });
  if (!buyer) throw notFound();
  readsDataOf(ctx, buyer.id);
  const { items, nextCursor } = await pageOf(ctx, `orders:${buyer.id}:${state ?? ''}`, page, {
    rows: (after, rows) => ctx.db.many<OrderRow>(ordersPage({ buyer: buyer.id, state, after: idIn(after), rows })),
    position: (row) => [row.id],
    item: (row) => row,
  });
  return { items: await shown(ctx, items), nextCursor };
}

/** One order; `owner` null is staff. */
export async function readOrder(ctx: Orders, id: string, owner: string | null): Promise<Order> {
  const row = await findOrder(ctx.db, id, owner);
  if (!row) throw notFound();
  readsDataOf(ctx, row.buyer);
  return shownOne(ctx, row);
}
