import { type Sql, sql } from '#kernel/database.ts';
import type { Orders } from './context.ts';

/** Whether somebody has a placed order of a product. */
export const hasBought = async (ctx: Orders, { buyer, productId }: { buyer: string; productId: string }): Promise<{ bought: boolean }> => ({
  bought: (await ctx.db.maybe(purchaseOf(buyer, productId))) !== undefined,
});

/** Goes through the buyer's own orders, which are few, and needs no index that every purchase would have to write. */
export const purchaseOf = (buyer: string, productId: string): Sql => sql`
  select 1 from orders.orders o join orders.lines l on l.order_id = o.id
  where o.buyer = ${buyer} and o.state = 'placed' and l.product_id = ${productId} limit 1`;
