import { z } from 'zod';
import type { Whose } from '#kernel/account-life.ts';
import { sql } from '#kernel/database.ts';
import { Money } from '#kernel/money.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { addressOf } from './address.ts';
import type { Orders } from './context.ts';
import { type OrderRow, ordersPage } from './order.ts';
import { orderView } from './order-view.ts';

/** An order in the export of its buyer, with the address it went to. */
export const OrderRecord = z.object({
  id: Id,
  state: z.string(),
  payment: z.string(),
  total: Money,
  items: z.array(
    z.object({ productId: Id, name: z.string(), options: z.record(z.string(), z.string()), quantity: z.int(), unitPrice: Money }),
  ),
  shippingAddress: z.record(z.string(), z.string()).nullable(),
  createdAt: Time,
});
type OrderRecord = z.infer<typeof OrderRecord>;

/** The orders of a buyer, newest first. */
export async function recordsOf(ctx: Orders, { accountId, limit }: Whose & { limit: number }): Promise<OrderRecord[]> {
  const rows = await ctx.db.many<OrderRow>(ordersPage({ buyer: accountId, after: null, rows: limit }));
  const sealed = await ctx.db.many<{ id: string; address_sealed: string }>(sql`
    select id, address_sealed from orders.orders where buyer = ${accountId} and address_sealed is not null order by id desc limit ${limit}`);
  const addresses = new Map(sealed.map(({ id, address_sealed }) => [id, addressOf(ctx.secrets, id, address_sealed)]));
  return rows.map((row) => {
    const { id, state, payment, total, createdAt, items } = orderView(row, new Map(), false);
    const bought = items.map(({ productId, name, options, quantity, unitPrice }) => ({ productId, name, options, quantity, unitPrice }));
    return { id, state, payment, total, items: bought, shippingAddress: addresses.get(id) ?? null, createdAt };
  });
}
