import { z } from 'zod';
import { returnAccepted, returnRefused } from '#fulfilment';
import { sql } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { derivedId } from '#kernel/ids.ts';
import { notFound } from '#kernel/problems.ts';
import { prose } from '#kernel/shapes.ts';
import { type Change, lineOf, move, takeBack, toldOf } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { finished } from './finish-order.ts';
import type { ShipmentRow } from './order.ts';
import { findReturn, type Return, returnView } from './return.ts';
import { returnMachine } from './return-state.ts';
import { runCommand } from './run-command.ts';
import { staffOr } from './show-order.ts';

export const Acceptance = z.strictObject({ reason: prose(1000).optional() }).meta({ id: 'ReturnAcceptance', example: {} });
export const Refusal = z
  .strictObject({ reason: prose(1000).min(1, 'must not be empty') })
  .meta({ id: 'ReturnRefusal', example: { reason: 'It is scratched.' } });

/**
 * Accepts or refuses a return: the seller of the shipment, or staff (`owner` null). What is accepted comes back into the stock, and its
 * money goes back to the buyer. A repeated decision answers as before.
 * @throws wrongState when it was decided otherwise.
 */
export async function decideReturn(
  ctx: FulfilmentContext,
  { id: orderId, returnId }: { id: string; returnId: string },
  owner: string | null,
  command: 'accept' | 'refuse',
  reason: string | null = null,
): Promise<Return> {
  const by = staffOr(ctx, owner, 'seller');
  await runCommand(ctx, orderId, by, async (change, tx) => {
    const row = await findReturn(tx, orderId, returnId);
    const shipment = change.order.shipments.find(({ id }) => id === row?.shipment_id);
    if (!row || !shipment || (owner !== null && shipment.seller_id !== owner)) throw notFound();
    const state = returnMachine.after(row.state, command);
    if (state === row.state) return;
    await tx.execute(sql`
      update fulfilment.returns set state = ${state}, decided_at = ${change.at}, decided_by_kind = ${by.kind}, decided_by = ${by.id},
        decision_reason = ${reason} where id = ${returnId}`);
    for (const { variantId, quantity } of row.lines) lineOf(shipment, variantId).requested -= quantity;
    change.moved.add(shipment);
    const kind = command === 'accept' ? returnAccepted : returnRefused;
    change.tell.push((tx) => emit(tx, kind, orderId, { ...toldOf(change.order, shipment), returnId }));
    if (command === 'refuse') return;
    takeBack(change, shipment, row.lines, { id: derivedId('return', returnId), cause: 'return', restock: true, reason: row.reason });
    endIfAllIsBack(change, shipment);
  });
  return returnView((await findReturn(ctx.db, orderId, returnId))!);
}

/** The reply to a decision that was made before: the return as it is today. @throws notFound where it is not theirs to decide. */
export async function showDecided(
  ctx: FulfilmentContext,
  { id: orderId, returnId }: { id: string; returnId: string },
  owner: string | null,
): Promise<Return> {
  const { order } = await finished(ctx, orderId);
  const row = await findReturn(ctx.db, orderId, returnId);
  const shipment = order.shipments.find(({ id }) => id === row?.shipment_id);
  if (!row || (owner !== null && shipment?.seller_id !== owner)) throw notFound();
  return returnView(row);
}

/** A shipment of which nothing is left has ended: returned where all of it came back so, else refunded. */
export function endIfAllIsBack(change: Change, shipment: ShipmentRow): void {
  if (shipment.lines.some(({ quantity, refunded }) => refunded < quantity)) return;
  const cameBack = shipment.lines.every(({ quantity, returned }) => returned === quantity);
  move(change, shipment, cameBack ? 'return' : 'refund');
}
