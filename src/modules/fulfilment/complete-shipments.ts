import { sql } from '#kernel/database.ts';
import { move } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { runCommand } from './run-command.ts';
import { shipmentMachine } from './shipment-state.ts';

/** How many orders one turn of the timer completes at most; the rest is for the next turn. */
const ORDERS_OF_A_TURN = 500;

/** Completes the shipments whose days after the delivery are over. An order that fails is logged, and stops none behind it. */
export async function completeShipments(ctx: FulfilmentContext): Promise<void> {
  const now = ctx.clock.now();
  for (const { order_id } of await ctx.db.many<{ order_id: string }>(dueOrders(now)))
    await runCommand(ctx, order_id, { kind: 'system', id: null }, (change) => {
      for (const shipment of change.order.shipments)
        if (shipment.state === 'delivered' && shipment.complete_at && new Date(shipment.complete_at) <= now)
          move(change, shipment, 'complete');
    }).catch((error) => ctx.log.warn({ err: error, order: order_id }, 'an order could not be completed; it is tried again'));
}

export const dueOrders = (now: Date) => sql`
  select order_id from fulfilment.shipments where ${shipmentMachine.due('complete', now)} order by complete_at limit ${ORDERS_OF_A_TURN}`;
