import { type Sql, sql } from '#kernel/database.ts';
import { causeOf } from './checkpoint-rows.ts';

/** Violations of the rules by rows that a statement has at hand. Each check is a list of CTEs over rows with fixed names, and columns that count. */
interface Check {
  ctes: Sql;
  columns: Sql;
}

/** Of transfers called `fresh`, and of the journals whose first line is among them. */
export const journalChecks: Check = {
  ctes: sql`
    fresh_journals as materialized (select * from wallet.journals where id in (select journal_id from fresh)),
    posted as materialized (
      select whole.* from (
        select journal_id, count(*) as entries, min(line) as first_line from wallet.transfers
        where journal_id in (select journal_id from fresh) group by journal_id
      ) as whole join fresh as f on f.journal_id = whole.journal_id and f.line = whole.first_line
    )`,
  columns: sql`
    (select count(*) from fresh as t
       left join wallet.accounts as d on d.id = t.debit_account and d.currency = t.currency
       left join wallet.accounts as c on c.id = t.credit_account and c.currency = t.currency
       where d.id is null or c.id is null) as wrong_currencies,
    (select count(*) from fresh as t join fresh_journals as j on j.id = t.journal_id where t.at <> j.at) as wrong_times,
    (select count(*) from fresh_journals as j join fresh as t on t.journal_id = j.id join wallet.accounts as d on d.id = t.debit_account
       join wallet.accounts as c on c.id = t.credit_account left join wallet.payments as p on p.id = ${causeOf(sql`j.cause_id`)}
       where j.cause_kind in ('order', 'shipment', 'refund') and case j.cause_kind
         when 'order' then p.payer is distinct from d.owner or p.at <> j.at
         when 'shipment' then (d.owner, d.purpose) <> ('cash', 'external') or p.at is distinct from j.at
         else p.payer is distinct from c.owner and not ((c.owner, c.purpose) = ('platform', 'unclaimed')
           and exists (select from wallet.closed_owners as o where o.owner = p.payer and o.for_good)) end) as wrong_payers,
    (select count(*) from fresh_journals as j join fresh as t on t.journal_id = j.id and t.kind = 'hold'
       left join wallet.holds as h on h.id = ${causeOf(sql`j.cause_id`)}
       where j.cause_kind = 'hold' and h.at is distinct from j.at) as wrong_hold_times,
    (select count(*) from posted as p join fresh_journals as j on j.id = p.journal_id where j.cause_kind = '' or j.cause_id = '') as nameless_journals,
    (select count(*) from posted as p join fresh_journals as j on j.id = p.journal_id where p.entries <> j.entries) as broken_journals,
    (select count(*) from posted as p left join fresh_journals as j on j.id = p.journal_id where j.id is null) as stray_transfers`,
};

/** Of all accounts, with their recomputed balances: `summed`. */
export const balanceChecks: Check = {
  ctes: sql`
    held as (
      select coalesce(h.owner, a.owner) as owner, coalesce(a.balance, 0) as balance, coalesce(h.held, 0) as held
      from (select owner, currency, sum(amount - captured - released) as held from wallet.holds where is_open group by owner, currency) as h
      full join (select owner, currency, balance from summed where purpose = 'held') as a on a.owner = h.owner and a.currency = h.currency
    )`,
  columns: sql`
    (select count(*) from summed where guarded and stored <> balance) as wrong_balances,
    (select count(*) from summed where rollup is not null and rollup <> rolled) as wrong_rollups,
    (select coalesce(json_object_agg(currency, total), '{}') from (
       select currency, sum(case when guarded then stored else balance end) as total from summed group by currency) as totals) as sums,
    (select count(*) from summed where guarded and case purpose when 'receivable' then greatest(stored, balance) > 0 else least(stored, balance) < 0 end) as negative,
    (select count(*) from held where balance <> held) as wrong_held,
    (select count(*) from summed where purpose = 'escrow' and balance <> 0) as stray_escrow`,
};

/**
 * Of payments called `some_payments`: what was paid, refunded and delivered of each, by its shares and by its transfers, and what
 * of it is not delivered yet.
 */
export const paymentChecks: Check = {
  ctes: sql`
    payment_journals as (
      select p.id, j.id as journal_id, j.cause_kind from some_payments as p
      join wallet.journals as j on j.key = 'pay:' || p.id and j.cause_kind in ('order', 'shipment') and j.cause_id = p.id::text
      union all
      select p.id, j.id, j.cause_kind from some_payments as p
      join wallet.journals as j on j.cause_kind in ('refund', 'delivery') and j.cause_id = p.id::text
    ),
    payment_moves as (
      select p.id, coalesce(sum(t.amount) filter (where p.cause_kind in ('order', 'shipment')), 0) as paid,
             coalesce(sum(t.amount) filter (where p.cause_kind = 'refund'), 0) as refunded,
             coalesce(sum(t.amount) filter (where c.purpose = 'payable'), 0) as delivered,
             coalesce(sum(t.amount) filter (where c.purpose = 'undelivered'), 0) - coalesce(sum(t.amount) filter (where d.purpose = 'undelivered'), 0) as undelivered
      from payment_journals as p join wallet.transfers as t on t.journal_id = p.journal_id
      left join wallet.accounts as d on d.id = t.debit_account left join wallet.accounts as c on c.id = t.credit_account group by p.id
    ),
    shares as (
      select payment_id as id, sum(amount) as amount, sum(refunded) as refunded, coalesce(sum(delivered), 0) as delivered,
             coalesce(sum(amount - commission - refunded + refunded_commission) filter (where delivered is null and payee <> 'platform'), 0) as undelivered
      from wallet.payment_shares where payment_id in (select id from some_payments) group by payment_id
    )`,
  columns: sql`
    (select count(*) from some_payments as p left join shares as s on s.id = p.id left join payment_moves as m on m.id = p.id
       where coalesce(s.amount, 0) <> p.amount or coalesce(m.paid, 0) <> p.amount or coalesce(m.refunded, 0) <> coalesce(s.refunded, 0)
         or (p.state = 'cancelled' and coalesce(m.paid, 0) <> coalesce(m.refunded, 0))) as wrong_payments,
    (select count(*) from some_payments as p left join shares as s on s.id = p.id left join payment_moves as m on m.id = p.id
       where (m.delivered, m.undelivered) is distinct from (s.delivered, s.undelivered) and (p.amount > 0 or m.id is not null)) as wrong_deliveries`,
};

/** Of payouts called `some_payouts`: what left `payable` of its owner, and what came back of it. */
export const payoutChecks: Check = {
  ctes: sql`
    payout_moves as (
      select p.id, sum(t.amount) filter (where t.kind = 'payout' and d.purpose = 'payable' and d.owner = p.owner and c.purpose = 'external') as sent,
             sum(t.amount) filter (where t.kind = 'payout-return' and d.purpose = 'external' and c.purpose = 'payable' and c.owner = p.owner) as returned
      from some_payouts as p join wallet.journals as j on j.cause_kind = 'payout' and j.cause_id = p.id::text
      join wallet.transfers as t on t.journal_id = j.id
      left join wallet.accounts as d on d.id = t.debit_account left join wallet.accounts as c on c.id = t.credit_account group by p.id
    )`,
  columns: sql`
    (select count(*) from some_payouts as p left join payout_moves as m on m.id = p.id
       where coalesce(m.sent, 0) <> p.amount
         or coalesce(m.returned, 0) <> case when p.state in ('failed', 'rejected') then p.amount else 0 end) as wrong_payouts`,
};

/** Of holds called `some_holds`: what was set aside, captured and released of each, by its row and by its transfers. */
export const holdChecks: Check = {
  ctes: sql`
    hold_moves as (
      select h.id, sum(t.amount) filter (where t.kind = 'hold') as held, sum(t.amount) filter (where t.kind = 'capture') as captured,
             sum(t.amount) filter (where t.kind = 'release') as released
      from some_holds as h join wallet.journals as j on j.cause_kind = 'hold' and j.cause_id = h.id::text
      join wallet.transfers as t on t.journal_id = j.id group by h.id
    )`,
  columns: sql`
    (select count(*) from some_holds as h left join hold_moves as m on m.id = h.id
       where h.captured + h.released > h.amount or coalesce(m.held, 0) <> h.amount or coalesce(m.captured, 0) <> h.captured
         or coalesce(m.released, 0) <> h.released) as exceeded_holds`,
};

/** Debts that were given up, by their rows and by their transfers. There are few, so all of them are compared each time. */
export const wrongWriteOffs: Sql = sql`
  (select count(*) from wallet.write_offs as w full join (
     select j.cause_id, c.owner, t.currency, t.amount from wallet.journals as j join wallet.transfers as t on t.journal_id = j.id
     join wallet.accounts as d on d.id = t.debit_account and (d.owner, d.purpose) = ('platform', 'losses')
     join wallet.accounts as c on c.id = t.credit_account and c.purpose = 'receivable' where j.cause_kind = 'write-off'
   ) as m on m.cause_id = w.id::text where (w.owner, w.currency, w.amount) is distinct from (m.owner, m.currency, m.amount))`;
