import { type Sql, sql } from '#kernel/database.ts';
import type { Following, Order } from '#orders';
import type { Orders } from './context.ts';
import { findOrder } from './order.ts';
import { stateFrom } from './order-state.ts';
import { shownOne } from './order-view.ts';

/**
 * Copies where the shipments of a placed order are, and answers the order as the caller may see it. An older version changes nothing; a
 * step is added once, by its id. @throws Error when the order is not there or was never placed.
 */
export async function follow(ctx: Orders, following: Following): Promise<Order> {
  await ctx.db.execute(followed(following));
  const row = await findOrder(ctx.db, following.orderId, null);
  if (!row || row.state === 'placing' || row.state === 'rejected')
    throw new Error(`The order ${following.orderId} was not placed, so it has no shipments.`);
  return shownOne(ctx, row);
}

const followed = ({ orderId, version, shipments, refundedItems, steps }: Following): Sql => {
  const taken = steps.filter(({ state }) => state !== 'placed');
  return sql`
    with followed as (
      update orders.orders set version = ${version}, state = ${stateFrom(shipments.map(({ state }) => state))},
        shipments = ${JSON.stringify(shipments)}::jsonb, refunded_items = ${JSON.stringify(refundedItems)}::jsonb
      where id = ${orderId} and version < ${version} and state not in ('placing', 'rejected')
    )
    insert into orders.steps (id, order_id, shipment_id, reached, at, by_kind, by_id, note)
    select step.id, o.id, step.shipment_id, step.reached, step.at, step.by_kind, step.by_id, step.note
    from orders.orders as o, unnest(${taken.map(({ id }) => id)}::uuid[], ${taken.map(({ shipmentId }) => shipmentId)}::uuid[],
      ${taken.map(({ state }) => state)}::text[], ${taken.map(({ at }) => at)}::timestamptz[], ${taken.map(({ by }) => by.kind)}::text[],
      ${taken.map(({ by }) => by.id)}::text[], ${taken.map(({ note }) => note ?? null)}::text[])
      with ordinality as step (id, shipment_id, reached, at, by_kind, by_id, note, place)
    where o.id = ${orderId} and o.state not in ('placing', 'rejected')
    order by step.place on conflict (id) do nothing`;
};
