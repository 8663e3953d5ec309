import { days, minutes } from '#kernel/clock.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { move } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { runCommand } from './run-command.ts';
import { shipmentMachine } from './shipment-state.ts';

/** How many orders one turn of the timer completes at most; the rest is for the next turn. */
const ORDERS_OF_A_TURN = 500;
const FIRST_PAUSE_MS = minutes(5);

/** Completes the shipments whose days after the delivery are over. An order that fails is logged, and stops none behind it. */
export async function completeShipments(ctx: FulfilmentContext): Promise<void> {
  const now = ctx.clock.now();
  for (const { order_id } of await ctx.db.many<{ order_id: string }>(dueOrders(now)))
    await runCommand(ctx, order_id, { kind: 'system', id: null }, (change) => {
      for (const shipment of change.order.shipments)
        if (shipment.state === 'delivered' && shipment.complete_at && new Date(shipment.complete_at) <= now)
          move(change, shipment, 'complete');
    }).catch(async (error) => {
      ctx.log.warn({ err: error, order: order_id }, 'an order could not be completed; it is tried again, later each time');
      await ctx.db.execute(putOff(order_id, now));
    });
}

/** Not now: it is tried again after twice the time of the last attempt, a day at most. So those that always fail hold up no others. */
const putOff = (orderId: string, now: Date): Sql => sql`
  update fulfilment.shipments set complete_attempts = coalesce(complete_attempts, 0) + 1,
    complete_at = ${now}::timestamptz + least(${FIRST_PAUSE_MS}::float8 * power(2, least(coalesce(complete_attempts, 0), 10)), ${days(1)}::float8) * interval '1 millisecond'
  where order_id = ${orderId} and state = 'delivered' and complete_at <= ${now}`;

export const dueOrders = (now: Date) => sql`
  select order_id from fulfilment.shipments where ${shipmentMachine.due('complete', now)} order by complete_at limit ${ORDERS_OF_A_TURN}`;
