import { type Sql, sql } from '#kernel/database.ts';
import {
  type Checkpoint,
  causeOf,
  digestKey,
  holdsOf,
  newestCheckpoint,
  noteNewest,
  paymentsOf,
  sealOf,
  serverVersion,
  sumsDigest,
} from './checkpoint-rows.ts';
import type { Wallet } from './context.ts';
import { LONG_MS, proveLedger } from './proof.ts';

const LEAST_NEW = 1000;

/**
 * Seals what came since the last checkpoint, after the quick proof has found nothing wrong. It goes as far as the roll-up has, since
 * every transaction that could still commit an earlier transfer has ended by then. New rows are added to the digests of the
 * checkpoint before; old rows are not read again, so that what was changed meanwhile is not sealed.
 */
export async function makeCheckpoint(ctx: Wallet, leastNew = LEAST_NEW): Promise<void> {
  const before = await newestCheckpoint(ctx.db);
  const { through } = await ctx.db.one<{ through: number }>(sql`select through_seq as through from wallet.rollup_progress`);
  if (through - (before?.through_seq ?? 0) < leastNew) return;
  const proof = await proveLedger(ctx, { full: before === undefined }); // the first has no digests to go by
  if (!proof.ok) return void ctx.log.error({ proof }, 'the proof of the ledger fails: no checkpoint is made');
  await ctx.db.transaction(async (tx) => {
    await tx.execute(sql`select set_config('statement_timeout', ${String(LONG_MS)}, true)`);
    await tx.one(sql`select 1 from wallet.rollup_progress for update`); // one at a time
    const previous = await newestCheckpoint(tx);
    if (previous?.number !== before?.number) return;
    const from = previous?.through_seq ?? 0;
    if (from === 0) await tx.execute(sql`delete from wallet.sealed_sums`);
    await tx.execute(addSums(from, through));
    const last = await tx.maybe<{ number: number; seal: string }>(
      sql`select number, seal from wallet.checkpoints order by number desc limit 1`,
    );
    const added = await tx.one<Omit<Checkpoint, 'number' | 'through_seq' | 'previous_seal' | 'seal'>>(
      digestsOf(digestKey(ctx), from, through, previous),
    );
    const checkpoint = { ...added, number: (last?.number ?? 0) + 1, through_seq: through, previous_seal: last?.seal ?? '' };
    await tx.execute(sql`
      insert into wallet.checkpoints (number, through_seq, server_version, transfers, transfer_digest, journal_digest, payment_digest, hold_digest,
        sums_digest, previous_seal, seal, at)
      values (${checkpoint.number}, ${checkpoint.through_seq}, ${checkpoint.server_version}, ${checkpoint.transfers}, ${checkpoint.transfer_digest},
        ${checkpoint.journal_digest}, ${checkpoint.payment_digest}, ${checkpoint.hold_digest}, ${checkpoint.sums_digest},
        ${checkpoint.previous_seal}, ${sealOf(ctx, checkpoint)}, ${ctx.clock.now()})`);
    await tx.execute(noteNewest(ctx, checkpoint.number));
  });
}

const addSums = (from: number, to: number): Sql => sql`
  insert into wallet.sealed_sums as s (account_id, balance)
  select account, sum(change) from (
    select debit_account as account, -amount as change from wallet.transfers where seq > ${from} and seq <= ${to}
    union all
    select credit_account, amount from wallet.transfers where seq > ${from} and seq <= ${to}
  ) as side group by account
  on conflict (account_id) do update set balance = s.balance + excluded.balance`;

/** The digests of the checkpoint before, with what came since. A journal whose lines are on both sides of a checkpoint belongs to that of its first line. */
const digestsOf = (key: string, from: number, to: number, previous: Checkpoint | undefined): Sql => sql`
  with fresh as materialized (select journal_id, kind from wallet.transfers where seq > ${from} and seq <= ${to} and line = 1),
  causes as materialized (select j.cause_kind, ${causeOf(sql`j.cause_id`)} as cause, f.kind from fresh as f join wallet.journals as j on j.id = f.journal_id)
  select ${serverVersion} as server_version, t.count + ${previous?.transfers ?? 0}::bigint as transfers,
    (t.digest # ${previous?.transfer_digest ?? '0'}::bigint)::text as transfer_digest,
    (coalesce((select bit_xor(wallet.seal_journal(${key}::bigint, j)) from wallet.journals as j where j.id in (select journal_id from fresh)), 0)
      # ${previous?.journal_digest ?? '0'}::bigint)::text as journal_digest,
    (${paymentsOf(key, sql`causes`)} # ${previous?.payment_digest ?? '0'}::bigint)::text as payment_digest,
    (${holdsOf(key, sql`causes`)} # ${previous?.hold_digest ?? '0'}::bigint)::text as hold_digest,
    ${sumsDigest(key)}::text as sums_digest
  from (select count(*) as count, coalesce(bit_xor(wallet.seal_transfer(${key}::bigint, t)), 0) as digest
        from wallet.transfers as t where seq > ${from} and seq <= ${to}) as t`;
