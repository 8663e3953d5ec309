import { type Database, sql } from '#kernel/database.ts';
import type { Wallet } from './context.ts';
import { type AccountRef, accountId } from './ledger.ts';

/**
 * Adds new transfers to the sums of the accounts that keep no running balance. A number of the sequence may be taken by a
 * transaction that commits late, so a mark is only used once every transaction that ran when it was set has ended.
 */
export async function rollUp(ctx: Wallet): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const progress = await tx.one<{ through_seq: number; next_seq: number; settled: boolean }>(sql`
      select through_seq, next_seq, coalesce(not exists (
        select from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database() and xact_start <= next_seen_at
      ), false) as settled
      from wallet.rollup_progress for update`);
    if (progress.next_seq > progress.through_seq && !progress.settled) return;
    if (progress.next_seq > progress.through_seq) await addUp(tx, progress.through_seq, progress.next_seq);
    await tx.execute(sql`
      update wallet.rollup_progress
      set through_seq = next_seq, next_seq = coalesce(pg_sequence_last_value(pg_get_serial_sequence('wallet.transfers', 'seq')), 0), next_seen_at = clock_timestamp()`);
  });
}

async function addUp(tx: Database, from: number, to: number): Promise<void> {
  await tx.execute(sql`
    insert into wallet.rollups as r (account_id, balance, through_seq)
    select a.id, sum(side.change), ${to}::bigint
    from (
      select debit_account as account, -amount as change from wallet.transfers where seq > ${from} and seq <= ${to}
      union all
      select credit_account, amount from wallet.transfers where seq > ${from} and seq <= ${to}
    ) as side join wallet.accounts as a on a.id = side.account and not a.guarded
    group by a.id order by a.id
    on conflict (account_id) do update set balance = r.balance + excluded.balance, through_seq = excluded.through_seq`);
}

/** The balance of an account that keeps none: its sum so far, and what came since. Minor units; may be negative. */
export async function summedBalance(db: Database, account: AccountRef, currency: string): Promise<number> {
  const id = accountId(account, currency);
  const { balance } = await db.one<{ balance: number }>(sql`
    select (coalesce(r.balance, 0)
      + coalesce((select sum(amount) from wallet.transfers where credit_account = ${id} and seq > coalesce(r.through_seq, 0)), 0)
      - coalesce((select sum(amount) from wallet.transfers where debit_account = ${id} and seq > coalesce(r.through_seq, 0)), 0))::bigint as balance
    from (select 1) as one left join wallet.rollups as r on r.account_id = ${id}`);
  return balance;
}
