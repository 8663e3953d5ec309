import { z } from 'zod';
import { Quantity as QuantityShape } from '#inventory';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import type { KeyColumns } from '#kernel/idempotency.ts';
import { invalid, problem } from '#kernel/problems.ts';
import { Id, Time } from '#kernel/shapes.ts';
import type { Quantity } from './change.ts';
import type { LineRow, OrderRow, ShipmentRow } from './order.ts';
import { type ReturnState, returnMachine } from './return-state.ts';
import { isOpen } from './shipment-state.ts';

export const Return = z
  .object({
    id: Id,
    orderId: Id,
    shipmentId: Id,
    state: returnMachine.State.meta({ example: 'requested' }),
    items: z.array(z.object({ variantId: Id, quantity: z.int() })),
    reason: z.string().nullable(),
    requestedAt: Time,
    decidedAt: Time.nullable().meta({ example: null }),
    decisionReason: z.string().nullable().meta({ example: null }),
  })
  .meta({ id: 'Return' });
export type Return = z.infer<typeof Return>;

export interface ReturnRow extends KeyColumns {
  id: string;
  order_id: string;
  shipment_id: string;
  buyer: string;
  state: ReturnState;
  lines: Quantity[];
  reason: string | null;
  requested_at: Date;
  decided_at: Date | null;
  decision_reason: string | null;
}

export const returnView = (row: ReturnRow): Return => ({
  id: row.id,
  orderId: row.order_id,
  shipmentId: row.shipment_id,
  state: row.state,
  items: row.lines,
  reason: row.reason,
  requestedAt: row.requested_at.toISOString(),
  decidedAt: row.decided_at?.toISOString() ?? null,
  decisionReason: row.decision_reason,
});

const COLUMNS = sql`r.id, r.order_id, r.shipment_id, r.buyer, r.state, r.lines, r.reason, r.requested_at, r.decided_at, r.decision_reason, r.body_hash`;

export const findReturn = (db: Database, orderId: string, id: string): Promise<ReturnRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from fulfilment.returns as r where r.id = ${id} and r.order_id = ${orderId}`);

export const findReturnByKey = (db: Database, key: { principal: string; value: string }): Promise<ReturnRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from fulfilment.returns as r where r.principal = ${key.principal} and r.idempotency_key = ${key.value}`);

/** The returns of an order, oldest first, as far as somebody may see them: the buyer all, a seller those of the own shipment, null is staff. */
export const returnsOf = (orderId: string, reader: string | null, { after, rows }: { after: string | null; rows: number }): Sql => sql`
  select ${COLUMNS} from fulfilment.returns as r join fulfilment.shipments as s on s.id = r.shipment_id
  where r.order_id = ${orderId} and (${reader}::uuid is null or r.buyer = ${reader}::uuid or s.seller_id = ${reader}::uuid)
    and (${after}::uuid is null or r.id > ${after}::uuid)
  order by r.id limit ${rows}`;

export const returnInsert = (row: ReturnRow): Sql => sql`
  insert into fulfilment.returns (id, order_id, shipment_id, buyer, state, lines, reason, requested_at, principal, idempotency_key, body_hash)
  values (${row.id}, ${row.order_id}, ${row.shipment_id}, ${row.buyer}, ${row.state}, ${JSON.stringify(row.lines)}::jsonb, ${row.reason},
          ${row.requested_at}, ${row.principal}, ${row.idempotency_key}, ${row.body_hash})`;

/** Units as a call names them: by variant, or by product where the order has one variant of it. */
export const UnitsWanted = z
  .array(
    z
      .strictObject({ productId: Id.optional(), variantId: Id.optional(), quantity: QuantityShape })
      .refine((item) => item.productId !== undefined || item.variantId !== undefined, {
        error: 'needs a productId or a variantId',
        path: ['variantId'],
      }),
  )
  .min(1)
  .max(100);

export const tooManyUnits = problem({
  code: 'fulfilment/too-many-units',
  status: 409,
  title: 'Fewer units are left',
  members: { variantId: z.string(), left: z.int() },
  detail: ({ variantId, left }) =>
    `Of ${variantId}, ${left} ${left === 1 ? 'unit is' : 'units are'} left that were not refunded or asked back.`,
});

/**
 * Which units of which shipment are meant; units of one variant are added up.
 * @throws invalid for what is not in the order, tooManyUnits for more than are left.
 */
export function unitsOf(order: OrderRow, items: z.infer<typeof UnitsWanted>): { shipment: ShipmentRow; units: Quantity[] }[] {
  const wanted = new Map<LineRow, { shipment: ShipmentRow; quantity: number }>();
  for (const [index, { productId, variantId, quantity }] of items.entries()) {
    const found = order.shipments.flatMap((shipment) =>
      shipment.lines
        .filter((line) => (variantId ? line.variant_id === variantId : true) && (productId ? line.product_id === productId : true))
        .map((line) => ({ shipment, line })),
    );
    const [only] = found;
    if (!only || found.length > 1) {
      const detail = only ? 'is of several variants: name the variantId' : 'is not in this order';
      throw invalid({ errors: [{ pointer: `/items/${index}`, detail, in: 'body' }] });
    }
    wanted.set(only.line, { shipment: only.shipment, quantity: quantity + (wanted.get(only.line)?.quantity ?? 0) });
  }
  for (const [line, { shipment, quantity }] of wanted) {
    const left = isOpen(shipment.state) ? line.quantity - line.refunded - line.requested : 0;
    if (quantity > left) throw tooManyUnits({ variantId: line.variant_id, left });
  }
  return order.shipments
    .map((shipment) => ({
      shipment,
      units: [...wanted]
        .filter(([, one]) => one.shipment === shipment)
        .map(([line, { quantity }]) => ({ variantId: line.variant_id, quantity })),
    }))
    .filter(({ units }) => units.length > 0);
}
