import { z } from 'zod';
import { returnRequested } from '#fulfilment';
import type { Transaction } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { keyColumns, once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { problem } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { prose, Time } from '#kernel/shapes.ts';
import type { Order } from '#orders';
import { type Change, lineOf, type Quantity, toldOf } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import type { ShipmentRow } from './order.ts';
import { findReturnByKey, type ReturnRow, returnInsert, UnitsWanted, unitsOf } from './return.ts';
import { runCommand } from './run-command.ts';
import { orderShown, refuseOtherBuyer } from './show-order.ts';

export const ReturnRequest = z.strictObject({ items: UnitsWanted, reason: prose(1000).min(1, 'must not be empty') }).meta({
  id: 'ReturnRequest',
  example: { items: [{ variantId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', quantity: 1 }], reason: 'It does not bend.' },
});

export const notReturnable = problem({
  code: 'fulfilment/not-returnable',
  status: 409,
  title: 'This cannot be returned',
  members: { state: z.string(), until: Time.nullable() },
  detail: ({ state, until }) =>
    until === null
      ? `A return is possible once the shipment is delivered; this one is ${state}.`
      : `Returns of this shipment were possible until ${until}.`,
});

/**
 * Asks to send units back, line by line, within the days of returns after their delivery. Units of several sellers become a return for each.
 * @throws notReturnable, tooManyUnits
 */
export const requestReturn = (
  ctx: FulfilmentContext,
  orderId: string,
  { items, reason }: z.infer<typeof ReturnRequest>,
  key: Key | undefined,
): Promise<Order | Replayed<Order>> => {
  const buyer = ctx.actor.id;
  let shown: Order | null = null;
  return once<{ body_hash: string | null }, Order>(key, {
    make: async () => {
      const by = { kind: 'buyer' as const, id: buyer };
      let isTwin = false;
      const outcome = await runCommand(ctx, orderId, by, async (change, tx) => {
        refuseOtherBuyer(change.order, buyer);
        isTwin = key !== undefined && (await findReturnByKey(tx, key)) !== undefined;
        if (isTwin) return;
        const parts = unitsOf(change.order, items);
        for (const { shipment } of parts) refuseLate(ctx, change, shipment);
        for (const [index, { shipment, units }] of parts.entries())
          await request(tx, change, shipment, units, { reason, ...keyColumns(index === 0 ? key : undefined) });
      });
      shown = outcome.shown;
      return isTwin ? undefined : { body_hash: null };
    },
    find: (key) => sameCall(key, findReturnByKey(ctx.db, key)),
    answer: () => orderShown(ctx, orderId, shown),
  });
};

function refuseLate(ctx: FulfilmentContext, { at }: Change, { state, delivered_at }: ShipmentRow): void {
  const isThere = state === 'delivered' || state === 'completed';
  const until = isThere && delivered_at ? new Date(new Date(delivered_at).getTime() + ctx.settings.returnMs) : null;
  if (until === null || until < at) throw notReturnable({ state, until: until?.toISOString() ?? null });
}

async function request(
  tx: Transaction,
  change: Change,
  shipment: ShipmentRow,
  units: Quantity[],
  more: Pick<ReturnRow, 'reason' | 'principal' | 'idempotency_key' | 'body_hash'>,
): Promise<void> {
  const { order, at } = change;
  const id = newId();
  await tx.execute(
    returnInsert({
      id,
      order_id: order.order_id,
      shipment_id: shipment.id,
      buyer: order.buyer,
      state: 'requested',
      lines: units,
      requested_at: at,
      decided_at: null,
      decision_reason: null,
      ...more,
    }),
  );
  for (const { variantId, quantity } of units) lineOf(shipment, variantId).requested += quantity;
  change.moved.add(shipment);
  change.tell.push((tx) => emit(tx, returnRequested, order.order_id, { ...toldOf(order, shipment), returnId: id }));
}
