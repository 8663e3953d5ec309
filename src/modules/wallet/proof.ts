import { type Database, sql } from '#kernel/database.ts';
import type { Proof } from '#wallet';
import type { Wallet } from './context.ts';

interface Counts {
  accounts: number;
  transfers: number;
  journals: number;
  wrong_balances: number;
  wrong_rollups: number;
  wrong_currencies: number;
  sums: Record<string, number>;
  negative: number;
  repeated_keys: number;
  open_holds: number;
  wrong_held: number;
  stray_escrow: number;
  nameless_journals: number;
  broken_journals: number;
  stray_transfers: number;
  exceeded_holds: number;
  exceeded_shares: number;
  wrong_payments: number;
}

/**
 * Checks the six rules of docs (money) over all that the ledger holds. One statement, hence one snapshot: purchases may
 * go on meanwhile. It recomputes everything from the transfers and trusts no stored figure.
 */
export async function proveLedger(ctx: Wallet): Promise<Proof> {
  const c = await countBreaches(ctx.db);
  const rule = (name: string, breaches: number[], figures: Proof['rules'][number]['figures']) => ({
    rule: name,
    ok: breaches.every((count) => count === 0),
    figures,
  });
  const rules = [
    rule(
      '1. Transfers are append-only, keep their currency, and every stored balance equals their sum; all sums are zero',
      [c.wrong_balances, c.wrong_rollups, c.wrong_currencies, ...Object.values(c.sums)],
      {
        accounts: c.accounts,
        transfers: c.transfers,
        wrongBalances: c.wrong_balances,
        wrongRollups: c.wrong_rollups,
        wrongCurrencies: c.wrong_currencies,
        sums: c.sums,
      },
    ),
    rule('2. No guarded account is negative', [c.negative], { negative: c.negative }),
    rule('3. A key takes effect once', [c.repeated_keys], { journals: c.journals, repeatedKeys: c.repeated_keys }),
    rule('4. What is held equals the open holds; no escrow without its deal', [c.wrong_held, c.stray_escrow], {
      openHolds: c.open_holds,
      wrongHeld: c.wrong_held,
      strayEscrow: c.stray_escrow,
    }),
    rule('5. A journal names its cause and is whole', [c.nameless_journals, c.broken_journals, c.stray_transfers], {
      namelessJournals: c.nameless_journals,
      brokenJournals: c.broken_journals,
      strayTransfers: c.stray_transfers,
    }),
    rule('6. Captured, refunded and released never exceed what was put in', [c.exceeded_holds, c.exceeded_shares, c.wrong_payments], {
      exceededHolds: c.exceeded_holds,
      exceededShares: c.exceeded_shares,
      wrongPayments: c.wrong_payments,
    }),
  ];
  return { ok: rules.every(({ ok }) => ok), checkedAt: ctx.clock.now().toISOString(), rules };
}

const countBreaches = (db: Database): Promise<Counts> =>
  db.one<Counts>(sql`
    with sides as (
      select debit_account as account, -amount as change, seq from wallet.transfers
      union all
      select credit_account, amount, seq from wallet.transfers
    ),
    summed as materialized (
      select a.id, a.owner, a.purpose, a.currency, a.guarded, a.balance as stored, coalesce(sum(s.change), 0) as balance,
             coalesce(sum(s.change) filter (where s.seq <= r.through_seq), 0) as rolled, r.balance as rollup
      from wallet.accounts as a left join sides as s on s.account = a.id left join wallet.rollups as r on r.account_id = a.id
      group by a.id, r.balance, r.through_seq
    ),
    held as (
      select coalesce(h.owner, a.owner) as owner, coalesce(a.balance, 0) as balance, coalesce(h.held, 0) as held
      from (select owner, currency, sum(amount - captured - released) as held from wallet.holds where is_open group by owner, currency) as h
      full join (select owner, currency, balance from summed where purpose = 'held') as a on a.owner = h.owner and a.currency = h.currency
    ),
    posted as (
      select t.journal_id, count(*) as entries from wallet.transfers as t group by t.journal_id
    ),
    moved as materialized (
      select j.cause_kind, j.cause_id, t.kind, sum(t.amount) as amount
      from wallet.journals as j join wallet.transfers as t on t.journal_id = j.id
      where j.cause_kind in ('hold', 'order', 'refund') group by 1, 2, 3
    ),
    paid as (
      select cause_id, sum(amount) filter (where cause_kind = 'order') as paid, sum(amount) filter (where cause_kind = 'refund') as refunded
      from moved where cause_kind in ('order', 'refund') group by cause_id
    ),
    shares as (
      select payment_id, sum(amount) as amount, sum(refunded) as refunded from wallet.payment_shares group by payment_id
    ),
    hold_moves as (
      select cause_id, sum(amount) filter (where kind = 'hold') as held, sum(amount) filter (where kind = 'capture') as captured, sum(amount) filter (where kind = 'release') as released
      from moved where cause_kind = 'hold' group by cause_id
    )
    select
      (select count(*) from wallet.accounts) as accounts,
      (select count(*) from wallet.transfers) as transfers,
      (select count(*) from wallet.journals) as journals,
      (select count(*) from summed where guarded and stored <> balance) as wrong_balances,
      (select count(*) from summed where rollup is not null and rollup <> rolled) as wrong_rollups,
      (select count(*) from wallet.transfers as t
         left join wallet.accounts as d on d.id = t.debit_account and d.currency = t.currency
         left join wallet.accounts as c on c.id = t.credit_account and c.currency = t.currency
         where d.id is null or c.id is null) as wrong_currencies,
      (select coalesce(json_object_agg(currency, total), '{}') from (
         select currency, sum(case when guarded then stored else balance end) as total from summed group by currency) as totals) as sums,
      (select count(*) from summed where guarded and (stored < 0 or balance < 0)) as negative,
      (select count(*) - count(distinct key) from wallet.journals) as repeated_keys,
      (select count(*) from wallet.holds where is_open) as open_holds,
      (select count(*) from held where balance <> held) as wrong_held,
      (select count(*) from summed where purpose = 'escrow' and balance <> 0) as stray_escrow,
      (select count(*) from wallet.journals where cause_kind = '' or cause_id = '') as nameless_journals,
      (select count(*) from wallet.journals as j left join posted as p on p.journal_id = j.id where p.entries is distinct from j.entries) as broken_journals,
      (select count(*) from posted as p left join wallet.journals as j on j.id = p.journal_id where j.id is null) as stray_transfers,
      (select count(*) from wallet.holds as h left join hold_moves as m on m.cause_id = h.id::text
         where h.captured + h.released > h.amount or coalesce(m.held, 0) <> h.amount or coalesce(m.captured, 0) <> h.captured or coalesce(m.released, 0) <> h.released) as exceeded_holds,
      (select count(*) from wallet.payment_shares where refunded > amount or refunded_commission > commission) as exceeded_shares,
      (select count(*) from wallet.payments as p left join shares as s on s.payment_id = p.id left join paid as m on m.cause_id = p.id::text
         where coalesce(s.amount, 0) <> p.amount or coalesce(m.paid, 0) <> p.amount or coalesce(m.refunded, 0) <> coalesce(s.refunded, 0)
            or (p.state = 'cancelled' and coalesce(m.paid, 0) <> coalesce(m.refunded, 0))) as wrong_payments`);
