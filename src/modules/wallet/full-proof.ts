import { type Database, raw, type Sql, sql } from '#kernel/database.ts';
import { unavailable } from '#kernel/problems.ts';
import type { Wallet } from './context.ts';
import { balanceChecks, holdChecks, journalChecks, paymentChecks, payoutChecks } from './proof-checks.ts';
import type { Recomputed } from './quick-proof.ts';

/** 8 MB of the transfers' pages (about 70,000 transfers), and so many payments or holds. */
const BATCH = { pages: 1000, rows: 5000 };
const LOCK = 7_281_005; // any number, the same in every process

type OfJournals = Pick<
  Recomputed,
  'wrong_currencies' | 'wrong_times' | 'wrong_payers' | 'wrong_hold_times' | 'nameless_journals' | 'broken_journals' | 'stray_transfers'
>;
type OfPayments = Pick<Recomputed, 'wrong_payments' | 'wrong_deliveries'>;
type OfHolds = Pick<Recomputed, 'exceeded_holds'>;
type OfPayouts = Pick<Recomputed, 'wrong_payouts'>;
type OfBalances = Omit<Recomputed, keyof (OfJournals & OfPayments & OfHolds & OfPayouts)>;

/**
 * Recomputes all of the ledger, and trusts no stored figure. Transfers are read in the order of their pages, payments and holds in that
 * of their ids, a batch at a time; partial sums of accounts go to a temporary table. So neither this process nor the database needs more
 * memory for a larger ledger. `tx` sees one snapshot (repeatable read). `goOn` is asked between batches, and throws when time is over.
 *
 * @throws unavailable while another full proof is being made, in whichever process.
 */
export async function recomputeAll(ctx: Wallet, tx: Database, goOn: () => void, batch = BATCH): Promise<Recomputed> {
  const { isFree } = await tx.one<{ isFree: boolean }>(sql`select pg_try_advisory_xact_lock(${LOCK}) as "isFree"`);
  if (!isFree)
    throw unavailable({ retryAfterSeconds: 60, reason: 'Another full proof of the ledger is being made. Ask again in a while.' });
  const { pages, total } = await tx.one<{ pages: number; total: number }>(sql`
    select pg_relation_size('wallet.transfers') / current_setting('block_size')::int as pages,
           (select count(*) from wallet.transfers) + (select count(*) from wallet.payments) + (select count(*) from wallet.holds)
             + (select count(*) from wallet.payouts) as total`);
  let done = 0;
  const told = (rows: number): void => {
    done += rows;
    ctx.progress(done, total);
    goOn();
  };
  await tx.execute(
    sql`create temporary table proof_sums (account uuid not null, change numeric not null, rolled numeric not null) on commit drop`,
  );
  let journals: OfJournals | undefined;
  for (let page = 0; page === 0 || page < pages; page += batch.pages) {
    const { transfers, ...counts } = await tx.one<OfJournals & { transfers: number }>(transferBatch(page, page + batch.pages));
    journals = journals ? added(journals, counts) : counts;
    told(transfers);
  }
  const payments = await inOrderOfIds<OfPayments>(tx, paymentBatch, batch.rows, told);
  const holds = await inOrderOfIds<OfHolds>(tx, holdBatch, batch.rows, told);
  const payouts = await inOrderOfIds<OfPayouts>(tx, payoutBatch, batch.rows, told);
  await tx.execute(sql`select set_config('enable_seqscan', 'on', true)`);
  const balances = await tx.one<OfBalances>(balancesOfAll);
  await tx.execute(sql`drop table proof_sums`); // a proof within a longer transaction may be followed by another
  return { ...(journals as OfJournals), ...balances, ...payments, ...holds, ...payouts };
}

const added = <Counts extends object>(a: Counts, b: Counts): Counts =>
  Object.fromEntries(Object.entries(a).map(([name, count]) => [name, count + b[name as keyof Counts]])) as Counts;

type ById = (after: string, rows: number) => Sql;

async function inOrderOfIds<Counts extends object>(tx: Database, batch: ById, rows: number, told: (rows: number) => void): Promise<Counts> {
  let all: Counts | undefined;
  for (let after: string | null = '00000000-0000-0000-0000-000000000000'; after !== null; ) {
    const found: { last: string | null; rows: number; counts: Counts } = await tx.one(batch(after, rows));
    all = all ? added(all, found.counts) : found.counts;
    told(found.rows);
    after = found.rows < rows ? null : found.last;
  }
  return all as Counts;
}

/** Every visible row is on one page, also a row that somebody has changed: a number of the sequence might have been changed too. */
const transferBatch = (from: number, to: number): Sql => sql`
  with fresh as materialized (
    select * from wallet.transfers where ctid >= ${`(${from},0)`}::tid and ctid < ${`(${to},0)`}::tid
  ),
  ${journalChecks.ctes},
  summed as (
    insert into proof_sums (account, change, rolled)
    select s.account, sum(s.change), coalesce(sum(s.change) filter (where s.seq <= r.through_seq), 0)
    from (select debit_account as account, -amount as change, seq from fresh union all select credit_account, amount, seq from fresh) as s
    left join wallet.rollups as r on r.account_id = s.account group by s.account
  )
  select (select count(*) from fresh) as transfers, ${journalChecks.columns}`;

const paymentBatch: ById = (after, rows) => sql`
  with some_payments as materialized (select * from wallet.payments where id > ${after} order by id limit ${raw(String(rows))}),
  ${paymentChecks.ctes},
  checked as (select ${paymentChecks.columns})
  select (select id from some_payments order by id desc limit 1) as last, (select count(*) from some_payments) as rows, to_json(checked) as counts from checked`;

const holdBatch: ById = (after, rows) => sql`
  with some_holds as materialized (select * from wallet.holds where id > ${after} order by id limit ${raw(String(rows))}),
  ${holdChecks.ctes},
  checked as (select ${holdChecks.columns})
  select (select id from some_holds order by id desc limit 1) as last, (select count(*) from some_holds) as rows, to_json(checked) as counts from checked`;

const payoutBatch: ById = (after, rows) => sql`
  with some_payouts as materialized (select * from wallet.payouts where id > ${after} order by id limit ${raw(String(rows))}),
  ${payoutChecks.ctes},
  checked as (select ${payoutChecks.columns})
  select (select id from some_payouts order by id desc limit 1) as last, (select count(*) from some_payouts) as rows, to_json(checked) as counts from checked`;

const balancesOfAll = sql`
  with summed as materialized (
    select a.id, a.owner, a.purpose, a.currency, a.guarded, a.balance as stored, coalesce(s.change, 0) as balance, coalesce(s.rolled, 0) as rolled,
           r.balance as rollup
    from wallet.accounts as a
    left join (select account, sum(change) as change, sum(rolled) as rolled from proof_sums group by account) as s on s.account = a.id
    left join wallet.rollups as r on r.account_id = a.id
  ),
  ${balanceChecks.ctes}
  select ${balanceChecks.columns},
    (select count(*) from (select from wallet.journals group by key having count(*) > 1) as twice) as repeated_keys`;
