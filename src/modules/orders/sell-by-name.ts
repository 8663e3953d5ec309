import { z } from 'zod';
import { Quantity } from '#inventory';
import { forbidden, problem } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { isSameUsername, line, Username } from '#kernel/shapes.ts';
import type { Order } from '#orders';
import type { Orders } from './context.ts';
import { placeOrder } from './place-order.ts';

export const SellByName = z.strictObject({
  good: line(200).meta({ description: 'The name of the product', example: 'Lamp' }),
  username: Username.optional().meta({ description: 'The buyer; the caller if it is absent', example: 'bob' }),
  quantity: Quantity.default(1),
});

export const unknownCustomer = problem({
  code: 'orders/unknown-customer',
  status: 404,
  title: 'No such customer',
  members: { username: z.string() },
  detail: ({ username }) => `There is no customer with the username ${username}.`,
});

/** A purchase in one step: a product by its name, paid from the customer's wallet. A sale to somebody else needs `sales:create`. */
export async function sellByName(ctx: Orders, sale: z.infer<typeof SellByName>, key: Key | undefined): Promise<Order | Replayed<Order>> {
  const { username } = sale;
  const isOwn = username === undefined || isSameUsername(username, ctx.actor.username);
  if (!isOwn && !ctx.actor.permissions.has('sales:create')) throw forbidden({ permission: 'sales:create' });
  const buyer = async () => (isOwn ? ctx.actor : customerCalled(ctx, username));
  const items = async () => [{ productId: (await ctx.catalog.productByName({ name: sale.good })).id, quantity: sale.quantity }];
  return placeOrder(ctx, { buyer, items, payment: 'wallet', key });
}

async function customerCalled(ctx: Orders, username: string): Promise<{ id: string; username: string }> {
  const account = await ctx.identity.findAccount({ username });
  if (!account) throw unknownCustomer({ username });
  return account;
}
