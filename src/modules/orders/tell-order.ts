import { type Sql, sql } from '#kernel/database.ts';
import type { Order, PlacedOrder, ShippingAddress } from '#orders';
import { addressOf } from './address.ts';
import type { Orders } from './context.ts';
import { findOrder, type OrderRow, ordersByIds, ordersPage } from './order.ts';
import { shown, shownOne } from './order-view.ts';

interface Which {
  orderId: string;
}

/** An order as it was placed, for the modules above; null while it is not placed, or when it was rejected. Amounts in minor units. */
export async function placedOrder(ctx: Orders, { orderId }: Which): Promise<PlacedOrder | null> {
  return (await placedOrders(ctx, { orderIds: [orderId] }))[0] ?? null;
}

export async function placedOrders(ctx: Orders, { orderIds }: { orderIds: string[] }): Promise<PlacedOrder[]> {
  const rows = await ctx.db.many<OrderRow>(ordersByIds(orderIds));
  return rows.flatMap((row) => placed(row) ?? []);
}

function placed(row: OrderRow): PlacedOrder | null {
  if (!row.decided_at || row.state === 'rejected') return null;
  const { buyer, payment, currency, total, shares } = row;
  return {
    orderId: row.id,
    buyer,
    payment,
    currency,
    total,
    placedAt: row.decided_at.toISOString(),
    channel: row.channel,
    shares,
    lines: row.lines.map((line) => ({
      productId: line.product_id,
      variantId: line.variant_id,
      sellerId: line.seller_id,
      name: line.name,
      options: line.options,
      quantity: line.quantity,
      unitPrice: line.unit_price,
    })),
  };
}

/**
 * Orders placed before a time, oldest first, whose shipments nobody has told of yet. Each is handed out again only later, an hour at most:
 * those whose shipments always fail hold up no others.
 */
export async function withoutShipments(
  ctx: Orders,
  { placedBefore, limit }: { placedBefore: string; limit: number },
): Promise<{ orderIds: string[] }> {
  const rows = await ctx.db.many<{ id: string }>(ordersWithoutShipments({ placedBefore, limit, now: ctx.clock.now() }));
  return { orderIds: rows.map(({ id }) => id) };
}

export const ordersWithoutShipments = ({ placedBefore, limit, now }: { placedBefore: string; limit: number; now: Date }): Sql => sql`
  with missed as (
    select id from orders.orders
    where state = 'placed' and version = 0 and coalesce(open_after, decided_at) < ${now} and decided_at < ${placedBefore}::timestamptz
    order by coalesce(open_after, decided_at) limit ${limit} for no key update skip locked
  )
  update orders.orders as o set open_attempts = open_attempts + 1,
    open_after = ${now}::timestamptz + least(60 * power(2, least(open_attempts, 10)), 3600) * interval '1 second'
  from missed where o.id = missed.id returning o.id`;

/** Where an order goes; null when nobody said so, or the buyer's data are erased. */
export async function deliveryAddress(ctx: Orders, { orderId }: Which): Promise<ShippingAddress | null> {
  const found = await ctx.db.maybe<{ address_sealed: string | null }>(sql`select address_sealed from orders.orders where id = ${orderId}`);
  return found?.address_sealed ? (addressOf(ctx.secrets, orderId, found.address_sealed) as ShippingAddress) : null;
}

/** The newest orders of the caller that were not refused at once. */
export async function newest(ctx: Orders, { limit }: { limit: number }): Promise<Order[]> {
  return shown(ctx, await ctx.db.many<OrderRow>(ordersPage({ buyer: ctx.actor.id, state: 'not-refused', after: null, rows: limit })));
}

/** The order as the caller may see it. Whether they may see it at all, the module that asks has found out. */
export async function view(ctx: Orders, { orderId }: Which): Promise<Order | null> {
  const row = await findOrder(ctx.db, orderId, null);
  return row ? shownOne(ctx, row) : null;
}
