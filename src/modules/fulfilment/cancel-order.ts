import { z } from 'zod';
import { derivedId } from '#kernel/ids.ts';
import { notFound } from '#kernel/problems.ts';
import { Id, prose } from '#kernel/shapes.ts';
import type { Order } from '#orders';
import { type Change, move, takeBack } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { finished } from './finish-order.ts';
import type { ShipmentRow } from './order.ts';
import { runCommand } from './run-command.ts';
import { isOpen } from './shipment-state.ts';
import { orderShown, refuseOtherBuyer, staffOr } from './show-order.ts';

export const Cancellation = z
  .strictObject({
    reason: prose(500).optional(),
    shipmentId: Id.optional().meta({ description: 'Only this shipment of the order' }),
  })
  .meta({ id: 'Cancellation', example: { reason: 'I found a better lamp.' } });

/**
 * Gives up an order of which nothing is packed yet, or one of its shipments. Stock and money come back. A repeated call answers as before.
 * `owner` null is staff.
 * @throws wrongState where something of it is packed.
 */
export async function cancelOrder(
  ctx: FulfilmentContext,
  orderId: string,
  owner: string | null,
  { reason, shipmentId }: z.infer<typeof Cancellation>,
): Promise<Order> {
  const { shown } = await runCommand(ctx, orderId, staffOr(ctx, owner, 'buyer'), (change) => {
    refuseOtherBuyer(change.order, owner);
    for (const shipment of chosen(change.order.shipments, shipmentId)) cancel(change, shipment, reason ?? null);
  });
  return orderShown(ctx, orderId, shown);
}

/** The reply to a cancellation that was made before: the order as it is today. @throws notFound where it is not theirs. */
export async function showCancelled(ctx: FulfilmentContext, orderId: string, owner: string | null): Promise<Order> {
  const { order, shown } = await finished(ctx, orderId);
  refuseOtherBuyer(order, owner);
  return orderShown(ctx, orderId, shown);
}

/** What is open; else what shows why nothing happens. @throws notFound */
function chosen(all: readonly ShipmentRow[], shipmentId: string | undefined): readonly ShipmentRow[] {
  const wanted = all.filter(({ id }) => shipmentId === undefined || id === shipmentId);
  if (wanted.length === 0) throw notFound();
  const open = wanted.filter(({ state }) => isOpen(state));
  const cancelled = wanted.filter(({ state }) => state === 'cancelled');
  return open.length > 0 ? open : cancelled.length > 0 ? cancelled : wanted;
}

function cancel(change: Change, shipment: ShipmentRow, reason: string | null): void {
  if (shipment.state === 'cancelled') return;
  const left = shipment.lines
    .filter(({ quantity, refunded }) => refunded < quantity)
    .map(({ variant_id, quantity, refunded }) => ({ variantId: variant_id, quantity: quantity - refunded }));
  takeBack(change, shipment, left, { id: derivedId('cancel', shipment.id), cause: 'cancel', restock: true, reason });
  move(change, shipment, 'cancel', reason);
}
