import {
  moneyRefunded,
  shipmentCancelled,
  shipmentChanged,
  shipmentCompleted,
  shipmentDelivered,
  shipmentPacked,
  shipmentRefunded,
  shipmentReturned,
  shipmentShipped,
} from '#fulfilment';
import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { type EventKind, emit } from '#kernel/events.ts';
import type { KeyColumns } from '#kernel/idempotency.ts';
import { derivedId } from '#kernel/ids.ts';
import type { By, LineRow, OrderRow, ShipmentRow, StepRow } from './order.ts';
import { type ShipmentCommand, type ShipmentState, shipmentMachine } from './shipment-state.ts';
import { moneyOf, sumOf } from './units.ts';

/** Units of a variant. */
export interface Quantity {
  variantId: string;
  quantity: number;
}

export interface RefundRow {
  id: string;
  order_id: string;
  shipment_id: string;
  cause: 'cancel' | 'return' | 'refund';
  lines: Quantity[];
  amount: number;
  commission: number;
  payment_key: string | null;
  restock: boolean;
  reason: string | null;
  version: number;
  at: Date;
  by_kind: By['kind'];
  by_id: string | null;
}

/** What a command does to an order: gathered while it decides, then written by one statement. */
export interface Change {
  readonly order: OrderRow;
  readonly at: Date;
  readonly by: By;
  readonly moved: Set<ShipmentRow>;
  readonly steps: { shipment: ShipmentRow; step: StepRow }[];
  readonly refunds: (RefundRow & Partial<KeyColumns>)[];
  readonly tell: ((tx: Transaction) => void)[];
}

export const beginChange = (order: OrderRow, at: Date, by: By): Change => ({
  order,
  at,
  by,
  moved: new Set(),
  steps: [],
  refunds: [],
  tell: [],
});

export const isEmpty = (change: Change): boolean => change.moved.size === 0 && change.tell.length === 0;

/** The version that the order has once this change is written. */
export const nextVersion = ({ order }: Change): number => order.version + 1;

const REACHED: Partial<Record<ShipmentState, EventKind>> = {
  packed: shipmentPacked,
  shipped: shipmentShipped,
  delivered: shipmentDelivered,
  completed: shipmentCompleted,
  cancelled: shipmentCancelled,
  returned: shipmentReturned,
  refunded: shipmentRefunded,
};

/** While a shipment is in these, its partners must know what of it is still wanted, and how much cash. */
const ON_THE_WAY: readonly ShipmentState[] = ['placed', 'packed', 'shipped'];

/** What each event says of a shipment. */
export const toldOf = ({ order_id, buyer, channel }: OrderRow, { id, seller_id, warehouse, carrier }: ShipmentRow) => ({
  shipmentId: id,
  orderId: order_id,
  buyer,
  sellerId: seller_id,
  warehouse,
  carrier,
  ...(channel === null ? {} : { channel }),
});

/**
 * Brings a shipment to the state that the command leads to, with a step and an event.
 * @throws wrongState when its state does not allow the command.
 */
export function move(change: Change, shipment: ShipmentRow, command: ShipmentCommand, note: string | null = null): void {
  reach(change, shipment, shipmentMachine.after(shipment.state, command), note);
}

/** A step that a later one implies: it is in the timeline, and was never the state of the row. */
export function reach(change: Change, shipment: ShipmentRow, state: ShipmentState, note: string | null = null): void {
  const { order, at, by } = change;
  const step = { reached: state, version: nextVersion(change), at: at.toISOString(), by_kind: by.kind, by_id: by.id, note };
  shipment.state = state;
  shipment.steps.push(step);
  change.moved.add(shipment);
  change.steps.push({ shipment, step });
  const kind = REACHED[state];
  if (!kind) return;
  change.tell.push((tx) => {
    emit(tx, kind, order.order_id, { ...toldOf(order, shipment), ...(state === 'shipped' ? parcelOf(shipment) : {}) });
  });
}

/** What is told of a parcel that has left; the state is by now another where it was delivered at once. */
const parcelOf = ({ tracking, carrier_name: carrierName, lines, state }: ShipmentRow) => ({
  ...{ tracking, carrierName, product: lines[0]?.name },
  ...(state === 'shipped' ? {} : { implied: true }),
});

interface TakenBack {
  id: string;
  cause: RefundRow['cause'];
  restock: boolean;
  reason: string | null;
  key?: KeyColumns;
}

/**
 * Takes units out of the sale: counts them, and says which money and which stock go back. The caller has seen that there are as many.
 * Cash that was not collected yet is only not asked for.
 */
export function takeBack(change: Change, shipment: ShipmentRow, units: readonly Quantity[], { id, key, ...why }: TakenBack): RefundRow {
  const { order } = change;
  const lines = units.map(({ variantId, quantity }) => ({ line: lineOf(shipment, variantId), variantId, quantity }));
  const money = sumOf(lines.map(({ line, quantity }) => moneyOf(line, quantity)));
  const isPaid = order.payment === 'wallet' || shipment.cash_amount !== null;
  for (const { line, quantity } of lines) {
    line.refunded += quantity;
    if (why.cause === 'return') line.returned += quantity;
  }
  if (isPaid) shipment.refunded += money.amount;
  change.moved.add(shipment);
  const refund = {
    id,
    order_id: order.order_id,
    shipment_id: shipment.id,
    ...why,
    lines: units.map(({ variantId, quantity }) => ({ variantId, quantity })),
    ...money,
    payment_key: isPaid ? paymentKeyOf(order, shipment) : null,
    version: nextVersion(change),
    ...{ at: change.at, by_kind: change.by.kind, by_id: change.by.id },
    ...key,
  };
  change.refunds.push(refund);
  if (why.cause === 'refund' && ON_THE_WAY.includes(shipment.state))
    change.tell.push((tx) => emit(tx, shipmentChanged, order.order_id, toldOf(order, shipment)));
  if (isPaid && money.amount > 0)
    change.tell.push((tx) =>
      emit(tx, moneyRefunded, order.order_id, {
        ...toldOf(order, shipment),
        refundId: id,
        amount: money.amount,
        currency: order.currency,
        lines: lines.map(({ line, quantity }) => ({ productId: line.product_id, variantId: line.variant_id, quantity })),
      }),
    );
  return refund;
}

export const lineOf = (shipment: ShipmentRow, variantId: string): LineRow => {
  const line = shipment.lines.find(({ variant_id }) => variant_id === variantId);
  if (!line) throw new Error(`The shipment ${shipment.id} has no line of ${variantId}.`);
  return line;
};

/** A payment by wallet is that of the order; cash is paid for each shipment. */
export const paymentKeyOf = (order: OrderRow, shipment: ShipmentRow): string => (order.payment === 'wallet' ? order.order_id : shipment.id);

/** The id of a step, as the module of orders knows it: each state is reached once. */
export const stepId = (shipmentId: string, state: string): string => derivedId('step', shipmentId, state);

/**
 * Writes the change and announces it. `leaseUntil` is set where what follows is not part of this transaction: until then the process that
 * made the change finishes it.
 */
export async function writeChange(tx: Transaction, change: Change, leaseUntil: Date | null): Promise<void> {
  change.order.version = nextVersion(change);
  if (leaseUntil === null && change.order.finished_version === change.order.version - 1)
    change.order.finished_version = change.order.version;
  await tx.execute(changeUpdate(change, leaseUntil));
  for (const tell of change.tell) tell(tx);
}

const changeUpdate = ({ order, moved, steps, refunds }: Change, leaseUntil: Date | null): Sql => {
  const shipments = [...moved];
  const lines = shipments.flatMap(({ id, lines }) => lines.map((line) => ({ shipment_id: id, ...line })));
  return sql`
    with counted as (
      update fulfilment.orders set version = ${order.version}::bigint, finished_version = ${order.finished_version}::bigint,
        lease_until = case when ${order.finished_version}::bigint = ${order.version}::bigint then null
                      else coalesce(${leaseUntil}::timestamptz, lease_until) end
      where order_id = ${order.order_id}
    ), moved as (
      update fulfilment.shipments as s
      set state = c.state, warehouse = c.warehouse, carrier = c.carrier, packed_by_kind = c.packed_by_kind, shipped_by_kind = c.shipped_by_kind,
          carrier_name = c.carrier_name, tracking = c.tracking, refunded = c.refunded, cash_amount = c.cash_amount, cash_commission = c.cash_commission,
          delivered_version = c.delivered_version, delivered_at = c.delivered_at, complete_at = c.complete_at
      from jsonb_populate_recordset(null::fulfilment.shipments, ${JSON.stringify(shipments)}::jsonb) as c where s.id = c.id
    ), lined as (
      update fulfilment.lines as l set refunded = c.refunded, returned = c.returned, requested = c.requested
      from jsonb_populate_recordset(null::fulfilment.lines, ${JSON.stringify(lines)}::jsonb) as c
      where l.shipment_id = c.shipment_id and l.variant_id = c.variant_id
        and (l.refunded, l.returned, l.requested) is distinct from (c.refunded, c.returned, c.requested)
    ), stepped as (
      insert into fulfilment.steps select * from jsonb_populate_recordset(null::fulfilment.steps,
        ${JSON.stringify(steps.map(({ shipment, step }) => ({ shipment_id: shipment.id, ...step })))}::jsonb)
    )
    insert into fulfilment.refunds select * from jsonb_populate_recordset(null::fulfilment.refunds,
      ${JSON.stringify(refunds)}::jsonb)`;
};
