import { type Sql, sql } from '#kernel/database.ts';
import { type Following, type Order, stateOfShipments } from '#orders';
import type { Orders } from './context.ts';
import { findOrder } from './order.ts';
import { shownOne } from './order-view.ts';

/**
 * Copies where the shipments of a placed order are, and answers the order as the caller may see it. An older version changes nothing; a
 * step is added once, by its id. @throws Error when the order is not there or was never placed.
 */
export async function follow(ctx: Orders, following: Following): Promise<Order> {
  await ctx.db.execute(followed([following]));
  const row = await findOrder(ctx.db, following.orderId, null);
  if (!row || row.state === 'placing' || row.state === 'rejected')
    throw new Error(`The order ${following.orderId} was not placed, so it has no shipments.`);
  return shownOne(ctx, row);
}

/** The same for several orders, by one statement. Orders that are not there are passed over. */
export async function followAll(ctx: Orders, { orders }: { orders: Following[] }): Promise<Record<string, never>> {
  await ctx.db.execute(followed(orders));
  return {};
}

const followed = (orders: readonly Following[]): Sql => {
  const taken = orders.flatMap(({ orderId, steps }) =>
    steps.filter(({ state, refund }) => state !== 'placed' || refund).map((step) => ({ ...step, orderId })),
  );
  return sql`
    with told as (
      select * from unnest(${orders.map(({ orderId }) => orderId)}::uuid[], ${orders.map(({ version }) => version)}::bigint[],
        ${orders.map(({ shipments }) => stateOfShipments(shipments.map(({ state }) => state)))}::text[],
        ${orders.map(({ shipments }) => JSON.stringify(shipments))}::jsonb[],
        ${orders.map(({ refundedItems }) => JSON.stringify(refundedItems))}::jsonb[])
        as told (id, version, state, shipments, refunded_items)
    ), followed as (
      update orders.orders as o set version = told.version, state = told.state, shipments = told.shipments, refunded_items = told.refunded_items
      from told where o.id = told.id and o.version < told.version and o.state not in ('placing', 'rejected')
    )
    insert into orders.steps (id, order_id, shipment_id, reached, at, by_kind, by_id, note, refund)
    select step.id, o.id, step.shipment_id, step.reached, step.at, step.by_kind, step.by_id, step.note, step.refund
    from orders.orders as o join unnest(${taken.map(({ id }) => id)}::uuid[], ${taken.map(({ orderId }) => orderId)}::uuid[],
      ${taken.map(({ shipmentId }) => shipmentId)}::uuid[], ${taken.map(({ state }) => state)}::text[],
      ${taken.map(({ at }) => at)}::timestamptz[], ${taken.map(({ by }) => by.kind)}::text[], ${taken.map(({ by }) => by.id)}::text[],
      ${taken.map(({ note }) => note ?? null)}::text[], ${taken.map(({ refund }) => (refund ? JSON.stringify(refund) : null))}::jsonb[])
      with ordinality as step (id, order_id, shipment_id, reached, at, by_kind, by_id, note, refund, place) on step.order_id = o.id
    where o.state not in ('placing', 'rejected')
    order by step.place on conflict (id) do nothing`;
};
