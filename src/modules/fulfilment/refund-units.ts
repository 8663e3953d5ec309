import { z } from 'zod';
import { type Database, sql } from '#kernel/database.ts';
import { keyColumns, once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { prose } from '#kernel/shapes.ts';
import type { Order } from '#orders';
import { takeBack } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { endIfAllIsBack } from './decide-return.ts';
import { UnitsWanted, unitsOf } from './return.ts';
import { runCommand } from './run-command.ts';
import { orderShown, staffOr } from './show-order.ts';

export const RefundRequest = z
  .strictObject({
    items: UnitsWanted,
    reason: prose(1000).min(1, 'must not be empty'),
    restock: z
      .boolean()
      .optional()
      .meta({ description: 'Whether the units go back into the stock. When absent: those of a shipment that was not shipped yet' }),
  })
  .meta({
    id: 'RefundRequest',
    example: { items: [{ variantId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', quantity: 1 }], reason: 'It arrived broken.' },
  });

/**
 * Staff refund units of an order, whatever its state: their money goes back to the buyer, the commission with it. Of cash on delivery that
 * was not delivered yet, only less is collected. A shipment of which all units are refunded has ended.
 * @throws tooManyUnits
 */
export const refundUnits = (
  ctx: FulfilmentContext,
  orderId: string,
  { items, reason, restock }: z.infer<typeof RefundRequest>,
  key: Key | undefined,
): Promise<Order | Replayed<Order>> => {
  let shown: Order | null = null;
  return once<Keyed, Order>(key, {
    make: async () => {
      let isTwin = false;
      const outcome = await runCommand(ctx, orderId, staffOr(ctx, null, 'buyer'), async (change, tx) => {
        isTwin = key !== undefined && (await findByKey(tx, key)) !== undefined;
        if (isTwin) return;
        for (const [index, { shipment, units }] of unitsOf(change.order, items).entries()) {
          const isHere = shipment.state === 'placed' || shipment.state === 'packed';
          const columns = keyColumns(index === 0 ? key : undefined);
          takeBack(change, shipment, units, { id: newId(), cause: 'refund', restock: restock ?? isHere, reason, key: columns });
          endIfAllIsBack(change, shipment);
        }
      });
      shown = outcome.shown;
      return isTwin ? undefined : { body_hash: null };
    },
    find: (key) => sameCall(key, findByKey(ctx.db, key)),
    answer: () => orderShown(ctx, orderId, shown),
  });
};

interface Keyed {
  body_hash: string | null;
}

const findByKey = (db: Database, key: Key): Promise<Keyed | undefined> =>
  db.maybe(sql`select body_hash from fulfilment.refunds where principal = ${key.principal} and idempotency_key = ${key.value}`);
