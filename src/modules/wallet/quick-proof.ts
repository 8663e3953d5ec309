import { type Database, sql } from '#kernel/database.ts';
import { causeOf, holdsOf, paymentsOf, serverVersion, sumsDigest } from './checkpoint-rows.ts';
import { balanceChecks, holdChecks, journalChecks, paymentChecks, payoutChecks, wrongWriteOffs } from './proof-checks.ts';

/** What the full proof recomputes from all rows, and the quick one from those since the newest checkpoint. */
export interface Recomputed {
  wrong_balances: number;
  wrong_rollups: number;
  wrong_currencies: number;
  wrong_times: number;
  wrong_payers: number;
  wrong_hold_times: number;
  sums: Record<string, number>;
  negative: number;
  repeated_keys: number;
  wrong_held: number;
  stray_escrow: number;
  nameless_journals: number;
  broken_journals: number;
  stray_transfers: number;
  exceeded_holds: number;
  wrong_payments: number;
  wrong_deliveries: number;
  wrong_payouts: number;
}

export interface Counts extends Recomputed {
  checkpoint: number;
  changed_transfers: number;
  changed_sums: number;
  changed_journals: number;
  changed_payments: number;
  changed_holds: number;
  wrong_refunds: number;
  wrong_delivery_moves: number;
  wrong_payout_moves: number;
  wrong_hold_moves: number;
  wrong_write_offs: number;
  accounts: number;
  transfers: number;
  journals: number;
  open_holds: number;
  exceeded_shares: number;
}

/** Up to which transfer the newest checkpoint goes. */
const sealedThrough = sql`coalesce((select through_seq from wallet.checkpoints where server_version = ${serverVersion} order by number desc limit 1), 0)`;

/**
 * Everything since the newest checkpoint in full, and the rest by its digests, in one statement. `digestsOnly`: nothing is recomputed,
 * for the full proof, which does that itself.
 */
export const countSinceCheckpoint = (db: Database, key: string, digestsOnly: boolean): Promise<Counts> =>
  db.one<Counts>(sql`
    with checkpoint as materialized (
      select * from wallet.checkpoints where server_version = ${serverVersion} order by number desc limit 1
    ),
    since as materialized (select case when ${digestsOnly}::boolean then 9223372036854775807 else coalesce((select through_seq from checkpoint), 0) end as seq),
    fresh as materialized (select * from wallet.transfers where seq > (select seq from since)),
    ${journalChecks.ctes},
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
      left join wallet.sealed_sums as c on c.account_id = a.id and exists (select from checkpoint)
      group by a.id, r.balance, r.through_seq, c.balance
    ),
    ${balanceChecks.ctes},
    touched as materialized (select distinct cause_kind, ${causeOf(sql`cause_id`)} as cause from fresh_journals where cause_kind in ('hold', 'order', 'shipment', 'delivery', 'refund', 'payout')),
    some_payments as materialized (select * from wallet.payments where id in (select cause from touched where cause_kind not in ('hold', 'payout'))),
    ${paymentChecks.ctes},
    some_payouts as materialized (select * from wallet.payouts where id in (select cause from touched where cause_kind = 'payout')),
    ${payoutChecks.ctes},
    some_holds as materialized (select * from wallet.holds where id in (select cause from touched where cause_kind = 'hold')),
    ${holdChecks.ctes},
    causes as materialized (
      select j.cause_kind, ${causeOf(sql`j.cause_id`)} as cause, t.kind from wallet.transfers as t join wallet.journals as j on j.id = t.journal_id
      where t.seq > coalesce((select through_seq from checkpoint), 0) and t.line = 1 group by 1, 2, 3
    ),
    everything as materialized (
      select count(*) as transfers, count(*) filter (where seq <= ${sealedThrough}) as sealed,
             coalesce(bit_xor(wallet.seal_transfer(${key}::bigint, t)) filter (where seq <= ${sealedThrough}), 0) as digest,
             coalesce(sum(amount) filter (where kind = 'refund'), 0) as refunded,
             coalesce(sum(amount) filter (where kind in ('delivery', 'cash')), 0) as delivered,
             coalesce(sum(amount) filter (where kind = 'payout'), 0) as paid_out, coalesce(sum(amount) filter (where kind = 'payout-return'), 0) as returned,
             coalesce(sum(amount) filter (where kind = 'capture'), 0) as captured, coalesce(sum(amount) filter (where kind = 'release'), 0) as released
      from wallet.transfers as t
    ),
    every_journal as materialized (
      select count(*) as journals, coalesce(bit_xor(wallet.seal_journal(${key}::bigint, j)), 0) as digest from wallet.journals as j
    ),
    every_share as materialized (
      select coalesce(bit_xor(wallet.share_digest(${key}::bigint, s)), 0) as digest, coalesce(sum(refunded), 0) as refunded,
             coalesce(sum(delivered), 0) as delivered,
             count(*) filter (where refunded > amount or refunded_commission > commission) as exceeded
      from wallet.payment_shares as s
    ),
    every_payout as materialized (
      select coalesce(bit_xor(wallet.seal_payout(${key}::bigint, o)), 0) as digest, coalesce(sum(amount), 0) as paid_out,
             coalesce(sum(amount) filter (where state in ('failed', 'rejected')), 0) as returned
      from wallet.payouts as o
    )
    select
      (select coalesce(max(number), 0) from checkpoint) as checkpoint,
      (select count(*) from wallet.accounts) as accounts,
      everything.transfers,
      every_journal.journals,
      ${journalChecks.columns},
      ${balanceChecks.columns},
      ${paymentChecks.columns},
      ${payoutChecks.columns},
      ${holdChecks.columns},
      (everything.digest <> coalesce((select transfer_digest from checkpoint), 0)
        or everything.sealed <> coalesce((select c.transfers from checkpoint as c), 0))::int as changed_transfers,
      (exists (select from checkpoint) and ${sumsDigest(key)} <> (select sums_digest from checkpoint))::int as changed_sums,
      (every_journal.digest
        <> (coalesce((select journal_digest from checkpoint), 0) # coalesce((
             select bit_xor(wallet.seal_journal(${key}::bigint, j)) from wallet.journals as j
             where j.id in (select journal_id from wallet.transfers where seq > coalesce((select through_seq from checkpoint), 0) and line = 1)), 0)))::int as changed_journals,
      ((coalesce((select bit_xor(wallet.seal_payment(${key}::bigint, p)) from wallet.payments as p where amount > 0), 0)
         # every_share.digest # every_payout.digest)
        <> (coalesce((select payment_digest from checkpoint), 0) # ${paymentsOf(key, sql`causes`)}))::int as changed_payments,
      (coalesce((select bit_xor(wallet.seal_hold(${key}::bigint, h)) from wallet.holds as h where amount > 0), 0)
        <> (coalesce((select hold_digest from checkpoint), 0) # ${holdsOf(key, sql`causes`)}))::int as changed_holds,
      (everything.refunded <> every_share.refunded)::int as wrong_refunds,
      (everything.delivered <> every_share.delivered)::int as wrong_delivery_moves,
      ((everything.paid_out, everything.returned) <> (every_payout.paid_out, every_payout.returned))::int as wrong_payout_moves,
      ((everything.captured, everything.released) <> (select coalesce(sum(captured), 0), coalesce(sum(released), 0) from wallet.holds))::int as wrong_hold_moves,
      ${wrongWriteOffs} as wrong_write_offs,
      (select count(*) from (
         select from wallet.journals where key in (select key from fresh_journals) group by key having count(*) > 1) as twice) as repeated_keys,
      (select count(*) from wallet.holds where is_open) as open_holds,
      every_share.exceeded as exceeded_shares
    from everything, every_journal, every_share, every_payout`);
