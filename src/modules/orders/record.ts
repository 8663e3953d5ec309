import { sql } from '#kernel/database.ts';
import type { OrderRecord } from '#orders';
import { addressOf } from './address.ts';
import type { Orders } from './context.ts';
import { type OrderRow, ordersPage, orderView } from './order.ts';

/** The orders of a buyer, for the buyer to take along; newest first. */
export async function recordsOf(ctx: Orders, { accountId, limit }: { accountId: string; limit: number }): Promise<OrderRecord[]> {
  const rows = await ctx.db.many<OrderRow>(ordersPage({ buyer: accountId, after: null, rows: limit }));
  const sealed = await ctx.db.many<{ id: string; address_sealed: string }>(sql`
    select id, address_sealed from orders.orders where buyer = ${accountId} and address_sealed is not null order by id desc limit ${limit}`);
  const addresses = new Map(sealed.map(({ id, address_sealed }) => [id, addressOf(ctx.secrets, id, address_sealed)]));
  return rows.map((row) => {
    const { id, state, payment, total, createdAt, items } = orderView(row, '');
    const bought = items.map(({ productId, name, options, quantity, unitPrice }) => ({ productId, name, options, quantity, unitPrice }));
    return { id, state, payment, total, items: bought, shippingAddress: addresses.get(id) ?? null, createdAt };
  });
}
