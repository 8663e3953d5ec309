import type { PricedLine } from '#catalog';
import { type Database, empty, join, type Sql, sql, type Transaction, violates } from '#kernel/database.ts';
import { keyColumns } from '#kernel/idempotency.ts';
import { leased } from '#kernel/lease.ts';
import type { CurrencyCode } from '#kernel/money.ts';
import type { Key } from '#kernel/routes.ts';
import type { Following, PaymentKind } from '#orders';
import { type OrderState, orderMachine } from './order-state.ts';

/** What one payee of an order gets, frozen when the order is drafted and never computed again. */
export interface Share {
  payee: string;
  amount: number;
  commission: number;
}

export interface Line {
  product_id: string;
  variant_id: string;
  seller_id: string;
  name: string;
  options: Record<string, string>;
  quantity: number;
  unit_price: number;
}

/** Why an order was rejected. It is stored so that a repeated call gets the same refusal. */
export interface Refusal {
  code: string;
  extra: Record<string, unknown>;
}

export interface OrderRow {
  id: string;
  buyer: string;
  placed_by: string;
  state: OrderState;
  payment: PaymentKind;
  /** Where it was placed, if not by the shop's own API. */
  channel: string | null;
  currency: CurrencyCode;
  total: number;
  shares: Share[];
  refusal: Refusal | null;
  lease_until: Date;
  body_hash: string | null;
  created_at: Date;
  decided_at: Date | null;
  lines: Line[];
  shipments: Following['shipments'];
  refunded_items: Following['refundedItems'];
  steps: StepRow[];
}

export interface StepRow {
  reached: OrderState;
  at: string;
  shipment_id: string | null;
  by_kind: Following['steps'][number]['by']['kind'];
  by_id: string | null;
  refund: Following['steps'][number]['refund'] | null;
}

const COLUMNS = sql`o.id, o.buyer, o.placed_by, o.state, o.payment, o.channel, o.currency, o.total, o.shares, o.refusal, o.lease_until, o.body_hash, o.created_at, o.decided_at,
  (select json_agg(json_build_object('product_id', l.product_id, 'variant_id', l.variant_id, 'seller_id', l.seller_id, 'name', l.name,
     'options', l.options, 'quantity', l.quantity, 'unit_price', l.unit_price) order by l.line) from orders.lines as l where l.order_id = o.id) as lines,
  o.shipments, o.refunded_items,
  coalesce((select json_agg(json_build_object('reached', s.reached, 'at', s.at, 'shipment_id', s.shipment_id, 'by_kind', s.by_kind, 'by_id', s.by_id, 'refund', s.refund)
     order by s.at, s.seq) from orders.steps as s where s.order_id = o.id), '[]') as steps`;

export interface Draft {
  id: string;
  buyer: string;
  placedBy: string;
  payment: PaymentKind;
  channel: string | null;
  currency: CurrencyCode;
  total: number;
  shares: Share[];
  lines: PricedLine[];
  addressSealed: string | null;
  leaseUntil: Date;
  at: Date;
}

/** A key, or, with `withinMs`, what stands for one where callers send none: the same call within that time is the same order. */
export type OrderKey = Key & { withinMs?: number };

/**
 * Sends the order as placed, and waits for nothing: what is behind it fails where its key has an order, or its buyer or a seller is leaving.
 */
export const sendPlaced = (tx: Transaction, draft: Draft, key: Key | undefined, refusal: () => Error): void =>
  tx.send(orderInsert(draft, key, { state: 'placed', fails: true }), (error) =>
    violates(error, 'orders_once') || violates(error, 'parties_stay') ? refusal() : error,
  );

/** Writes the order and its lines. @returns false when an order with this key is there already; see also `orderInsert`. */
export async function insertOrder(db: Database, draft: Draft, key: OrderKey | undefined, decision: Decision = {}): Promise<boolean> {
  if (key?.withinMs === undefined) return (await db.execute(orderInsert(draft, key, decision))) > 0;
  return db.transaction(async (tx) => {
    const locked = tx.execute(sql`select pg_advisory_xact_lock(${SAME_CALL}::int, hashtext(${key.principal + key.bodyHash}))`);
    const [, written] = await Promise.all([locked, tx.execute(orderInsert(draft, key, decision))]); // sent together: the second sees what the lock waited for
    return written > 0;
  });
}

const SAME_CALL = 7_281_009; // any number, the same in every process

/** The same call within that time whose order was neither refused nor given up since: who orders again then wants another. */
const sameCallSince = ({ principal, bodyHash }: Key, since: Date): Sql => sql`
  o.principal = ${principal} and o.idempotency_key is not null and o.body_hash = ${bodyHash} and o.created_at > ${since}::timestamptz and o.state not in ('rejected', 'cancelled', 'refunded')`;

/** What is known of an order when it is written: nothing yet, that it is placed in this very transaction, or why it was refused. */
interface Decision {
  state?: OrderState;
  refusal?: Refusal;
  /** An order that may not be written makes its statement fail; otherwise nothing is written. */
  fails?: boolean;
}

/** An order that is written as placed is not written when its buyer or a seller is leaving (see closed-account.ts). */
export const orderInsert = (draft: Draft, key: OrderKey | undefined, { state = 'placing', refusal, fails = false }: Decision): Sql => {
  const columns = keyColumns(key);
  const { lines } = draft;
  const conditions = [
    ...(state === 'placed' ? [sql`${fails ? sql`orders.demand_all_stay` : sql`orders.all_stay`}(${partiesOf(draft)}::uuid[])`] : []),
    ...(key?.withinMs === undefined
      ? []
      : [sql`not exists (select from orders.orders as o where ${sameCallSince(key, new Date(draft.at.getTime() - key.withinMs))})`]),
  ];
  return sql`
    with drafted as (
      insert into orders.orders (id, buyer, placed_by, state, payment, channel, currency, total, shares, address_sealed, lease_until, principal, idempotency_key,
                                 body_hash, created_at, decided_at, refusal)
      select ${draft.id}::uuid, ${draft.buyer}::uuid, ${draft.placedBy}::uuid, ${state}, ${draft.payment}, ${draft.channel}::text, ${draft.currency}, ${draft.total}::bigint,
             ${JSON.stringify(draft.shares)}::jsonb, ${draft.addressSealed}::text, ${draft.leaseUntil}::timestamptz, ${columns.principal}::text,
             ${columns.idempotency_key}::text, ${columns.body_hash}::text, ${draft.at}::timestamptz,
             ${state === 'placing' ? null : draft.at}::timestamptz, ${refusal ? JSON.stringify(refusal) : null}::jsonb
      ${conditions.length > 0 ? sql`where ${join(conditions, ' and ')}` : empty}
      ${fails ? empty : sql`on conflict do nothing`} returning id
    )
    insert into orders.lines (order_id, line, product_id, variant_id, seller_id, name, options, quantity, unit_price)
    select drafted.id, l.line, l.product_id, l.variant_id, l.seller_id, l.name, l.options, l.quantity, l.unit_price
    from drafted, unnest(${lines.map((l) => l.productId)}::uuid[], ${lines.map((l) => l.variantId)}::uuid[], ${lines.map((l) => l.seller.id)}::uuid[], ${lines.map((l) => l.name)}::text[],
                         ${lines.map((l) => JSON.stringify(l.options))}::jsonb[], ${lines.map((l) => l.quantity)}::int[], ${lines.map((l) => l.unitPrice.amount)}::bigint[])
                  with ordinality as l (product_id, variant_id, seller_id, name, options, quantity, unit_price, line)`;
};

/** Who must not be leaving: the buyer and the sellers. */
export const partiesOf = ({ buyer, lines }: Draft): string[] => [...new Set([buyer, ...lines.map(({ seller }) => seller.id)])];

/** The row as it was written, without asking for it again. */
export const draftedRow = (draft: Draft, { state = 'placing', refusal }: Decision = {}): OrderRow => ({
  id: draft.id,
  buyer: draft.buyer,
  placed_by: draft.placedBy,
  state,
  payment: draft.payment,
  channel: draft.channel,
  currency: draft.currency,
  total: draft.total,
  shares: draft.shares,
  refusal: refusal ?? null,
  lease_until: draft.leaseUntil,
  body_hash: null,
  created_at: draft.at,
  decided_at: state === 'placing' ? null : draft.at,
  lines: draft.lines.map((l) => ({
    product_id: l.productId,
    variant_id: l.variantId,
    seller_id: l.seller.id,
    name: l.name,
    options: l.options,
    quantity: l.quantity,
    unit_price: l.unitPrice.amount,
  })),
  shipments: [],
  refunded_items: [],
  steps: [],
});

export const findByKey = (db: Database, key: Key): Promise<OrderRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from orders.orders as o where o.principal = ${key.principal} and o.idempotency_key = ${key.value}`);

/** The order of the same call since then. */
export const findSameCall = (db: Database, key: Key, since: Date): Promise<OrderRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from orders.orders as o where ${sameCallSince(key, since)} order by o.id desc limit 1`);

/** An order by id; `owner` null is staff, who may see anybody's. */
export const findOrder = (db: Database, id: string, owner: string | null): Promise<OrderRow | undefined> =>
  db.maybe(sql`select ${COLUMNS} from orders.orders as o where o.id = ${id} and (${owner}::uuid is null or o.buyer = ${owner})`);

export const ordersByIds = (ids: readonly string[]): Sql => sql`select ${COLUMNS} from orders.orders as o where o.id = any(${ids}::uuid[])`;

/** Orders that nobody has decided. */
export const undecidedOrders = leased(orderMachine, ['place'], { as: 'o', returning: COLUMNS });

/** @returns false when the order is decided already. */
export const markPlaced = async (db: Database, id: string, at: Date): Promise<boolean> => (await db.execute(placedUpdate(id, at))) > 0;

export const placedUpdate = (id: string, at: Date): Sql =>
  sql`
    update orders.orders as o set state = 'placed', decided_at = ${at}
    where o.id = ${id} and ${orderMachine.allows('place')} and not exists (select from orders.closed_accounts as c where c.account_id = o.buyer)
      and not exists (select from orders.lines as l join orders.closed_accounts as c on c.account_id = l.seller_id where l.order_id = o.id)`;

export const markRejected = async (db: Database, id: string, refusal: Refusal, at: Date): Promise<boolean> =>
  (await db.execute(
    sql`update orders.orders set state = 'rejected', gives_back = true, refusal = ${JSON.stringify(refusal)}::jsonb, decided_at = ${at} where id = ${id} and ${orderMachine.allows('reject')}`,
  )) > 0;

/** The money and the stock of a rejected order have been returned. */
export const markCompensated = (db: Database, id: string): Promise<number> =>
  db.execute(sql`update orders.orders set gives_back = false where id = ${id}`);

/** A page of somebody's orders, newest first, after the order with that id. `bought` are all that were placed, `not-refused` those too that are being placed. */
export const ordersPage = (query: {
  buyer: string;
  state?: OrderState | 'bought' | 'not-refused';
  after: string | null;
  rows: number;
}): Sql => {
  const conditions = [sql`o.buyer = ${query.buyer}`];
  if (query.state === 'bought') conditions.push(sql`o.state not in ('placing', 'rejected')`);
  else if (query.state === 'not-refused') conditions.push(sql`o.state <> 'rejected'`);
  else if (query.state) conditions.push(sql`o.state = ${query.state}`);
  if (query.after) conditions.push(sql`o.id < ${query.after}`);
  return sql`select ${COLUMNS} from orders.orders as o where ${join(conditions, ' and ')} order by o.id desc limit ${query.rows}`;
};
