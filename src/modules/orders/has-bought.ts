import { type Sql, sql } from '#kernel/database.ts';
import type { Orders } from './context.ts';

/** Whether somebody has bought a product, and its shipment was neither cancelled nor refunded. */
export const hasBought = async (ctx: Orders, { buyer, productId }: { buyer: string; productId: string }): Promise<{ bought: boolean }> => ({
  bought: (await ctx.db.maybe(purchaseOf(buyer, productId))) !== undefined,
});

/** Goes through the buyer's own orders, which are few, and needs no index that every purchase would have to write. */
export const purchaseOf = (buyer: string, productId: string): Sql => sql`
  select 1 from orders.orders o join orders.lines l on l.order_id = o.id
  where o.buyer = ${buyer} and o.state not in ('placing', 'rejected', 'cancelled', 'refunded') and l.product_id = ${productId}
    and not exists (select from jsonb_to_recordset(o.shipments) as s ("sellerId" uuid, state text)
                    where s."sellerId" = l.seller_id and s.state in ('cancelled', 'refunded')) limit 1`;
