import pg from 'pg';
import { FAULTS_ON_THE_WAY } from './kill-invariants-of-the-way.ts';

/** Reads the database without the modules, and finds what must never be there. */
export interface Invariants {
  /** What is still under way, in words; empty once everything is finished. */
  unfinished(): Promise<string[]>;
  /** Everything that does not fit, in words; empty when the books are right. */
  faults(): Promise<string[]>;
  rows<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  close(): Promise<void>;
}

/** Each finds nothing once everything that a crash interrupted is finished. A message to a person is sent once, or not yet: its run has a lease. */
export const UNFINISHED: Record<string, string> = {
  'orders in state placing': "select id from orders.orders where state = 'placing'",
  'orders whose money and stock have not followed': 'select order_id from fulfilment.orders where finished_version < version',
  'payouts that are not decided': "select id from wallet.payouts where state = 'pending'",
  'outbox rows that are due': 'select id, name from kernel.outbox where sent_at is null and (not_before is null or not_before <= now())',
  'jobs of the queues':
    "select name, state, retry_count from pgboss.job where state in ('created', 'retry', 'active') and name not like 'timer/%' and name not in ('dead-letters', 'notifications.send')",
};

/** Orders that were placed, whatever became of them. */
const PLACED = "select * from orders.orders where state not in ('placing', 'rejected')";

/** What was sold of each variant, by the orders that stand. */
const SOLD = `select l.variant_id, sum(l.quantity)::bigint as units from orders.lines as l join (${PLACED}) as o on o.id = l.order_id group by 1`;

/** What came back of each variant, as the inventory knows it. */
const BACK = `select variant_id, sum(units)::bigint as units from inventory.put_backs, unnest(variant_ids, quantities) as line (variant_id, units) group by 1`;

/** What each order must have taken, as inventory writes it: variants in the order of their ids. */
const WANTED = `
  select order_id, array_agg(variant_id order by variant_id) as variant_ids, array_agg(units order by variant_id) as quantities
  from (select order_id, variant_id, sum(quantity)::bigint as units from orders.lines group by 1, 2) as line group by 1`;

/** None of these ever finds a row once everything is finished. */
export const FAULTS: Record<string, string> = {
  ...FAULTS_ON_THE_WAY,
  'placed orders without exactly their payment': `
    select o.id, o.total, p.amount, p.state from (${PLACED}) as o left join wallet.payments as p on p.id = o.id
    where o.payment = 'wallet' and (p.state, p.amount, p.payer, p.currency) is distinct from ('paid', o.total, o.buyer::text, o.currency)`,
  'payments that no placed order explains': `
    select p.id, p.amount from wallet.payments as p left join (${PLACED}) as o on o.id = p.id where p.state = 'paid' and o.id is null`,
  'cancelled payments that were not given back whole': `
    select s.payment_id, s.amount, s.refunded from wallet.payments as p join wallet.payment_shares as s on s.payment_id = p.id
    where p.state = 'cancelled' and (s.refunded, s.refunded_commission) <> (s.amount, s.commission)`,
  'placed orders without exactly their stock': `
    select o.id, r.state, r.quantities, w.quantities as wanted from (${PLACED}) as o join (${WANTED}) as w on w.order_id = o.id
    left join inventory.reservations as r on r.key = o.id
    where r.state is distinct from 'taken' or r.variant_ids <> w.variant_ids or r.quantities <> w.quantities`,
  'stock taken that no placed order explains': `
    select r.key, r.state from inventory.reservations as r left join (${PLACED}) as o on o.id = r.key
    where r.state in ('taken', 'reserved', 'confirmed') and o.id is null`,
  'variants whose units on hand and sold are not what there was in the beginning, and what came back': `
    select v.id, opened.change as opened, v.on_hand, sold.units as sold, back.units as back
    from (select variant_id as id, on_hand, reserved from inventory.levels) as v
    left join (select variant_id, sum(change) as change from inventory.movements where reason = 'opening stock' group by 1) as opened on opened.variant_id = v.id
    left join (${SOLD}) as sold on sold.variant_id = v.id
    left join (${BACK}) as back on back.variant_id = v.id
    where coalesce(opened.change, 0) + coalesce(back.units, 0) <> v.on_hand + coalesce(sold.units, 0) or v.reserved <> 0`,
  'copies of stock in the catalog that differ from the levels': `
    select v.id, v.stock, v.stock_version, l.on_hand, l.version from catalog.variants as v join inventory.levels as l on l.variant_id = v.id
    where (v.stock, v.stock_version) is distinct from (l.on_hand - l.reserved, l.version)`,
  'products that are listed as in stock, or as sold out, against the levels': `
    select p.id, p.in_stock, level.free from catalog.listings as p
    cross join lateral (
      select sum(l.on_hand - l.reserved)::bigint as free from catalog.variants as v join inventory.levels as l on l.variant_id = v.id where v.product_id = p.id
    ) as level
    where p.in_stock <> (level.free > 0)`,
  'decided orders that were not announced exactly once': `
    select o.id, o.state, count(e.id) as told from orders.orders as o
    left join told.outbox as e on e.subject = o.id::text and e.name = case o.state when 'rejected' then 'orders.order-rejected.v1' else 'orders.order-placed.v1' end
    where o.state <> 'placing' group by 1, 2 having count(e.id) <> 1`,
  'keys with more than one order': `
    select principal, idempotency_key from orders.orders group by 1, 2 having count(*) > 1`,
  'wallets that differ from what was charged, bought and refunded': `
    select a.owner, a.balance, charged.amount as charged, bought.amount as bought, refunded.amount as refunded
    from wallet.accounts as a
    left join (select owner, sum(amount) as amount from wallet.charges where state = 'succeeded' and currency = 'USD' group by 1) as charged on charged.owner = a.owner
    left join (select buyer::text as owner, sum(total) as amount from (${PLACED}) as o where currency = 'USD' group by 1) as bought on bought.owner = a.owner
    left join (select o.buyer::text as owner, sum(r.amount) as amount from fulfilment.refunds as r join orders.orders as o on o.id = r.order_id
      where r.payment_key is not null and o.currency = 'USD' group by 1) as refunded on refunded.owner = a.owner
    where a.purpose = 'available' and a.currency = 'USD'
      and a.balance <> coalesce(charged.amount, 0) - coalesce(bought.amount, 0) + coalesce(refunded.amount, 0)`,
  'charges that succeeded without their journal, or the other way round': `
    select c.id, c.state, j.key from wallet.charges as c full join (select * from wallet.journals where cause_kind = 'charge') as j on j.key = 'charge:' || c.id
    where (c.state = 'succeeded') is distinct from (j.key is not null)`,
  'dead letters': "select id, data, output from pgboss.job where name = 'dead-letters'",
};

export function openInvariants(url: string): Invariants {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  pool.on('error', () => {});
  const rows = async <Row>(text: string, values?: unknown[]): Promise<Row[]> => (await pool.query(text, values)).rows;
  const all = async (questions: Record<string, string>): Promise<string[]> => {
    const found: string[] = [];
    for (const [what, question] of Object.entries(questions)) {
      const hits = await rows(question);
      if (hits.length > 0) found.push(`${hits.length} ${what}: ${JSON.stringify(hits.slice(0, 3))}`);
    }
    return found;
  };
  return { unfinished: () => all(UNFINISHED), faults: () => all(FAULTS), rows, close: () => pool.end() };
}
