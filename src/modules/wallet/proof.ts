import { minutes } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import type { Proof } from '#wallet';
import { brokenCheckpoints, causeOf, digestKey, holdsOf, paymentsOf, serverVersion, sumsDigest } from './checkpoint-rows.ts';
import type { Wallet } from './context.ts';
import { noteProof } from './last-proof.ts';

interface Counts {
  checkpoint: number;
  changed_transfers: number;
  changed_sums: number;
  changed_journals: number;
  changed_payments: number;
  changed_holds: number;
  wrong_refunds: number;
  wrong_hold_moves: number;
  accounts: number;
  transfers: number;
  journals: number;
  wrong_balances: number;
  wrong_rollups: number;
  wrong_currencies: number;
  wrong_times: number;
  wrong_payers: number;
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

/** A full proof of many millions of transfers takes longer than a statement may otherwise. */
export const LONG_MS = minutes(30);

/**
 * Checks the six rules of docs (money) over all that the ledger holds, while purchases go on. Everything since the newest
 * checkpoint is recomputed from the transfers; of what is older, keyed digests show whether any row was changed. With `full`,
 * all of it is recomputed, and no stored figure is trusted.
 */
export async function proveLedger(ctx: Wallet, { full = false }: { full?: boolean }): Promise<Proof> {
  const key = digestKey(ctx);
  const brokenCheckpoint = await brokenCheckpoints(ctx, full);
  const c = await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      select set_config('statement_timeout', ${String(LONG_MS)}, true), set_config('max_parallel_workers_per_gather', '2', true),
             set_config('work_mem', '64MB', true)`);
    return countViolations(tx, key, full);
  });
  const rule = (name: string, violations: number[], figures: Record<string, number | Record<string, number>>) => ({
    rule: name,
    ok: violations.every((count) => count === 0),
    figures: figures as Proof['rules'][number]['figures'],
  });
  const rules = [
    rule(
      '1. Transfers are append-only, keep their currency, and every stored balance equals their sum; all sums are zero',
      [
        c.wrong_balances,
        c.wrong_rollups,
        c.wrong_currencies,
        c.wrong_times,
        c.changed_transfers,
        c.changed_sums,
        brokenCheckpoint,
        ...Object.values(c.sums),
      ],
      {
        accounts: c.accounts,
        transfers: c.transfers,
        wrongBalances: c.wrong_balances,
        wrongRollups: c.wrong_rollups,
        wrongCurrencies: c.wrong_currencies,
        wrongTimes: c.wrong_times,
        checkpoint: c.checkpoint,
        changedTransfers: c.changed_transfers,
        changedSums: c.changed_sums,
        brokenCheckpoints: brokenCheckpoint,
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
    rule('5. A journal names its cause and is whole', [c.nameless_journals, c.broken_journals, c.stray_transfers, c.changed_journals], {
      changedJournals: c.changed_journals,
      namelessJournals: c.nameless_journals,
      brokenJournals: c.broken_journals,
      strayTransfers: c.stray_transfers,
    }),
    rule(
      '6. Captured, refunded and released never exceed what was put in',
      [
        c.exceeded_holds,
        c.exceeded_shares,
        c.wrong_payments,
        c.wrong_payers,
        c.changed_payments,
        c.changed_holds,
        c.wrong_refunds,
        c.wrong_hold_moves,
      ],
      {
        changedPayments: c.changed_payments,
        changedHolds: c.changed_holds,
        wrongRefunds: c.wrong_refunds,
        wrongHoldMoves: c.wrong_hold_moves,
        exceededHolds: c.exceeded_holds,
        exceededShares: c.exceeded_shares,
        wrongPayments: c.wrong_payments,
        wrongPayers: c.wrong_payers,
      },
    ),
  ];
  const ok = rules.every((rule) => rule.ok);
  if (ok) await noteProof(ctx);
  return { ok, full, checkedAt: ctx.clock.now().toISOString(), rules };
}

/** Up to which transfer the newest checkpoint goes. */
const sealedThrough = sql`coalesce((select through_seq from wallet.checkpoints where server_version = ${serverVersion} order by number desc limit 1), 0)`;

/**
 * Everything since the newest checkpoint in full, and the rest by its digests; with `full`, everything is fresh. One statement,
 * hence one snapshot.
 */
const countViolations = (db: Database, key: string, full: boolean): Promise<Counts> =>
  db.one<Counts>(sql`
    with checkpoint as materialized (
      select * from wallet.checkpoints where server_version = ${serverVersion} order by number desc limit 1
    ),
    since as materialized (select case when ${full}::boolean then 0 else coalesce((select through_seq from checkpoint), 0) end as seq),
    fresh as materialized (select * from wallet.transfers where seq > (select seq from since)),
    fresh_journals as materialized (select * from wallet.journals where id in (select journal_id from fresh)),
    sides as (
      select debit_account as account, -amount as change, seq from fresh
      union all
      select credit_account, amount, seq from fresh
    ),
    summed as materialized (
      select a.id, a.owner, a.purpose, a.currency, a.guarded, a.balance as stored,
             coalesce(c.balance, 0) + coalesce(sum(s.change), 0) as balance,
             coalesce(c.balance, 0) + coalesce(sum(s.change) filter (where s.seq <= r.through_seq), 0) as rolled, r.balance as rollup
      from wallet.accounts as a left join sides as s on s.account = a.id left join wallet.rollups as r on r.account_id = a.id
      left join wallet.sealed_sums as c on c.account_id = a.id and not ${full}::boolean and exists (select from checkpoint)
      group by a.id, r.balance, r.through_seq, c.balance
    ),
    held as (
      select coalesce(h.owner, a.owner) as owner, coalesce(a.balance, 0) as balance, coalesce(h.held, 0) as held
      from (select owner, currency, sum(amount - captured - released) as held from wallet.holds where is_open group by owner, currency) as h
      full join (select owner, currency, balance from summed where purpose = 'held') as a on a.owner = h.owner and a.currency = h.currency
    ),
    posted as (
      select t.journal_id, count(*) as entries from fresh as t group by t.journal_id
    ),
    touched as materialized (select distinct cause_kind, cause_id, ${causeOf(sql`cause_id`)} as cause from fresh_journals where cause_kind in ('hold', 'order', 'refund')),
    moved as materialized (
      select j.cause_kind, j.cause_id, t.kind, sum(t.amount) as amount
      from wallet.journals as j join wallet.transfers as t on t.journal_id = j.id
      where ${full}::boolean and j.cause_kind in ('hold', 'order', 'refund') group by 1, 2, 3
      union all
      select j.cause_kind, j.cause_id, t.kind, sum(t.amount)
      from (select distinct case cause_kind when 'hold' then 'hold' else 'refund' end as kind, cause_id from touched) as c
      join wallet.journals as j on j.cause_kind = c.kind and j.cause_id = c.cause_id and j.cause_kind <> 'order'
      join wallet.transfers as t on t.journal_id = j.id where not ${full}::boolean group by 1, 2, 3
      union all
      select j.cause_kind, j.cause_id, t.kind, sum(t.amount)
      from (select distinct cause_id from touched where cause_kind <> 'hold') as c
      join wallet.journals as j on j.key = 'pay:' || c.cause_id and j.cause_kind = 'order'
      join wallet.transfers as t on t.journal_id = j.id where not ${full}::boolean group by 1, 2, 3
    ),
    paid as (
      select cause_id, sum(amount) filter (where cause_kind = 'order') as paid, sum(amount) filter (where cause_kind = 'refund') as refunded
      from moved where cause_kind in ('order', 'refund') group by cause_id
    ),
    shares as (
      select payment_id, sum(amount) as amount, sum(refunded) as refunded from wallet.payment_shares
      where ${full}::boolean or payment_id in (select cause from touched) group by payment_id
    ),
    hold_moves as (
      select cause_id, sum(amount) filter (where kind = 'hold') as held, sum(amount) filter (where kind = 'capture') as captured, sum(amount) filter (where kind = 'release') as released
      from moved where cause_kind = 'hold' group by cause_id
    ),
    causes as materialized (
      select j.cause_kind, ${causeOf(sql`j.cause_id`)} as cause, t.kind from wallet.transfers as t join wallet.journals as j on j.id = t.journal_id
      where t.seq > coalesce((select through_seq from checkpoint), 0) group by 1, 2, 3
    ),
    everything as materialized (
      select count(*) as transfers, count(*) filter (where seq <= ${sealedThrough}) as sealed,
             coalesce(bit_xor(wallet.seal_transfer(${key}::bigint, t)) filter (where seq <= ${sealedThrough}), 0) as digest,
             coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunded,
             coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured, coalesce(sum(amount) filter (where kind = 'release'), 0) as released
      from wallet.transfers as t
    ),
    every_journal as materialized (
      select count(*) as journals, coalesce(bit_xor(wallet.seal_journal(${key}::bigint, j)), 0) as digest from wallet.journals as j
    ),
    every_share as materialized (
      select coalesce(bit_xor(wallet.share_digest(${key}::bigint, s)), 0) as digest, coalesce(sum(refunded), 0) as refunded,
             count(*) filter (where refunded > amount or refunded_commission > commission) as exceeded
      from wallet.payment_shares as s
    )
    select
      (select coalesce(max(number), 0) from checkpoint) as checkpoint,
      (select count(*) from wallet.accounts) as accounts,
      everything.transfers,
      every_journal.journals,
      (select count(*) from summed where guarded and stored <> balance) as wrong_balances,
      (select count(*) from summed where rollup is not null and rollup <> rolled) as wrong_rollups,
      (select count(*) from fresh as t
         left join wallet.accounts as d on d.id = t.debit_account and d.currency = t.currency
         left join wallet.accounts as c on c.id = t.credit_account and c.currency = t.currency
         where d.id is null or c.id is null) as wrong_currencies,
      (select count(*) from fresh as t join fresh_journals as j on j.id = t.journal_id where t.at <> j.at) as wrong_times,
      (select count(*) from fresh_journals as j join fresh as t on t.journal_id = j.id join wallet.accounts as d on d.id = t.debit_account
         left join wallet.payments as p on p.id = ${causeOf(sql`j.cause_id`)}
         where j.cause_kind = 'order' and (p.payer is distinct from d.owner or p.at <> j.at)) as wrong_payers,
      (select coalesce(json_object_agg(currency, total), '{}') from (
         select currency, sum(case when guarded then stored else balance end) as total from summed group by currency) as totals) as sums,
      (everything.digest <> coalesce((select transfer_digest from checkpoint), 0)
        or everything.sealed <> coalesce((select c.transfers from checkpoint as c), 0))::int as changed_transfers,
      (exists (select from checkpoint) and ${sumsDigest(key)} <> (select sums_digest from checkpoint))::int as changed_sums,
      (every_journal.digest
        <> (coalesce((select journal_digest from checkpoint), 0) # coalesce((
             select bit_xor(wallet.seal_journal(${key}::bigint, j)) from wallet.journals as j
             where j.id in (select journal_id from wallet.transfers where seq > coalesce((select through_seq from checkpoint), 0))), 0)))::int as changed_journals,
      ((coalesce((select bit_xor(wallet.seal_payment(${key}::bigint, p)) from wallet.payments as p where amount > 0), 0)
         # every_share.digest)
        <> (coalesce((select payment_digest from checkpoint), 0) # ${paymentsOf(key, sql`causes`)}))::int as changed_payments,
      (coalesce((select bit_xor(wallet.seal_hold(${key}::bigint, h)) from wallet.holds as h where amount > 0), 0)
        <> (coalesce((select hold_digest from checkpoint), 0) # ${holdsOf(key, sql`causes`)}))::int as changed_holds,
      (everything.refunded <> every_share.refunded)::int as wrong_refunds,
      ((everything.captured, everything.released) <> (select coalesce(sum(captured), 0), coalesce(sum(released), 0) from wallet.holds))::int as wrong_hold_moves,
      (select count(*) from summed where guarded and (stored < 0 or balance < 0)) as negative,
      (select count(*) from (
         select from wallet.journals where key in (select key from fresh_journals) group by key having count(*) > 1) as twice) as repeated_keys,
      (select count(*) from wallet.holds where is_open) as open_holds,
      (select count(*) from held where balance <> held) as wrong_held,
      (select count(*) from summed where purpose = 'escrow' and balance <> 0) as stray_escrow,
      (select count(*) from fresh_journals where cause_kind = '' or cause_id = '') as nameless_journals,
      (select count(*) from fresh_journals as j left join posted as p on p.journal_id = j.id where p.entries is distinct from j.entries) as broken_journals,
      (select count(*) from posted as p left join fresh_journals as j on j.id = p.journal_id where j.id is null) as stray_transfers,
      (select count(*) from wallet.holds as h left join hold_moves as m on m.cause_id = h.id::text
         where (${full}::boolean or h.id in (select cause from touched))
           and (h.captured + h.released > h.amount or coalesce(m.held, 0) <> h.amount or coalesce(m.captured, 0) <> h.captured or coalesce(m.released, 0) <> h.released))
        as exceeded_holds,
      every_share.exceeded as exceeded_shares,
      (select count(*) from wallet.payments as p left join shares as s on s.payment_id = p.id left join paid as m on m.cause_id = p.id::text
         where (${full}::boolean or p.id in (select cause from touched))
           and (coalesce(s.amount, 0) <> p.amount or coalesce(m.paid, 0) <> p.amount or coalesce(m.refunded, 0) <> coalesce(s.refunded, 0)
             or (p.state = 'cancelled' and coalesce(m.paid, 0) <> coalesce(m.refunded, 0)))) as wrong_payments
    from everything, every_journal, every_share`);
