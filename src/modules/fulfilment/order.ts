import { type Database, type Sql, sql } from '#kernel/database.ts';
import { leased } from '#kernel/lease.ts';
import type { CurrencyCode } from '#kernel/money.ts';
import type { ShipmentState } from './shipment-state.ts';

/** Who did a step. The id is an account, or the name of a partner. */
export interface By {
  kind: 'buyer' | 'seller' | 'partner' | 'staff' | 'system';
  id: string | null;
}

/** An order on its way, with all of its shipments. Times are ISO texts, as PostgreSQL writes them into JSON. */
export interface OrderRow {
  order_id: string;
  buyer: string;
  payment: 'wallet' | 'cash_on_delivery';
  /** Where the order was placed, if not by the shop's own API. */
  channel: string | null;
  currency: CurrencyCode;
  version: number;
  finished_version: number;
  shipments: ShipmentRow[];
}

export interface ShipmentRow {
  id: string;
  order_id: string;
  seller_id: string;
  state: ShipmentState;
  /** The partners that it is sent to. */
  warehouse: string | null;
  carrier: string | null;
  packed_by_kind: By['kind'] | null;
  shipped_by_kind: By['kind'] | null;
  carrier_name: string | null;
  tracking: string | null;
  amount: number;
  /** Money that went back to the buyer. */
  refunded: number;
  /** What the courier collected, and the platform's part of it. */
  cash_amount: number | null;
  cash_commission: number | null;
  delivered_version: number | null;
  delivered_at: string | null;
  complete_at: string | null;
  created_at: string;
  lines: LineRow[];
  steps: StepRow[];
}

export interface LineRow {
  product_id: string;
  variant_id: string;
  name: string;
  options: Record<string, string>;
  quantity: number;
  unit_price: number;
  commission: number;
  refunded: number;
  returned: number;
  requested: number;
}

export interface StepRow {
  reached: ShipmentState;
  version: number;
  at: string;
  by_kind: By['kind'];
  by_id: string | null;
  note: string | null;
}

const LINES = sql`(select json_agg(l order by l.line) from fulfilment.lines as l where l.shipment_id = s.id)`;
const STEPS = sql`(select coalesce(json_agg(p order by p.version, p.reached = 'delivered'), '[]') from fulfilment.steps as p where p.shipment_id = s.id)`;
/** A row of `fulfilment.shipments as s` with its lines and steps, as JSON. */
export const SHIPMENT = sql`to_jsonb(s) || jsonb_build_object('lines', ${LINES}, 'steps', ${STEPS})`;
const SHIPMENTS = sql`
  (select coalesce(json_agg(${SHIPMENT} order by s.created_at, s.id), '[]') from fulfilment.shipments as s where s.order_id = o.order_id)`;
const COLUMNS = sql`o.order_id, o.buyer, o.payment, o.channel, o.currency, o.version, o.finished_version, ${SHIPMENTS} as shipments`;

/** An order with its shipments, as one snapshot. Where it is to be changed, the row is locked by a statement before: `lockOrder`. */
export const orderWith = (orderId: string): Sql => sql`select ${COLUMNS} from fulfilment.orders as o where o.order_id = ${orderId}`;

export const orderOfShipment = (shipmentId: string): Sql =>
  sql`select ${COLUMNS} from fulfilment.orders as o where o.order_id = (select order_id from fulfilment.shipments where id = ${shipmentId})`;

export const findOrder = (db: Database, orderId: string): Promise<OrderRow | undefined> => db.maybe(orderWith(orderId));

/**
 * The order, which nobody else changes until this transaction ends. Two statements, sent together: the second one has a snapshot of its
 * own, taken under the lock.
 */
export async function lockOrder(tx: Database, orderId: string): Promise<OrderRow | undefined> {
  const locked = tx.execute(sql`select 1 from fulfilment.orders where order_id = ${orderId} for no key update`);
  const [isLocked, order] = await Promise.all([locked, findOrder(tx, orderId)]);
  return isLocked ? order : undefined; // it may have come between the two statements
}

/** Orders whose money, stock or state in the module of orders has not followed a change. */
export const unfinishedOrders = {
  ...leased({ name: 'order', table: 'fulfilment.orders', allows: () => sql`lease_until is not null` }, [] as string[], {
    as: 'o',
    key: 'order_id',
    returning: sql`o.order_id`,
  }),
};

/** All that followed up to this version is done. */
export const markFinished = (orderId: string, version: number): Sql => sql`
  update fulfilment.orders set finished_version = greatest(finished_version, ${version}::bigint),
    lease_until = case when version <= ${version}::bigint then null else lease_until end, attempts = 0
  where order_id = ${orderId}`;

/** Not now: it is tried again after twice the time of the last attempt, ten minutes at most. */
export const putOff = (orderId: string, now: Date, leaseMs: number): Sql => sql`
  update fulfilment.orders set attempts = attempts + 1,
    lease_until = ${now}::timestamptz + least(${leaseMs}::float8 * power(2, least(attempts, 10)), 600000) * interval '1 millisecond'
  where order_id = ${orderId} and lease_until is not null`;
