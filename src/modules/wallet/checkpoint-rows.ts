import { type Database, type Sql, sql } from '#kernel/database.ts';
import { sameText } from '#kernel/secrets.ts';
import type { Wallet } from './context.ts';

/** The ledger up to a transfer: digests of its rows, and the seal over them and over the checkpoint before. Digests are texts, since they use all of a bigint. */
export interface Checkpoint {
  number: number;
  through_seq: number;
  server_version: number;
  transfers: number;
  transfer_digest: string;
  journal_digest: string;
  payment_digest: string;
  hold_digest: string;
  sums_digest: string;
  previous_seal: string;
  seal: string;
}

const COLUMNS = sql`number, through_seq, server_version, transfers, transfer_digest::text, journal_digest::text, payment_digest::text, hold_digest::text,
  sums_digest::text, previous_seal, seal`;

/**
 * Of the digests: the hash functions of PostgreSQL may differ from one major version to the next, and ours have covered times since their
 * second form. Checkpoints of another version are not compared.
 */
export const serverVersion: Sql = sql`(200 + current_setting('server_version_num')::int / 10000)`;

/** The key of the digests. It never is in the database, so nobody who is can make a row that fits an old digest. */
export const digestKey = (ctx: Wallet): string => ctx.secrets.derive('wallet.ledger-digest').readBigInt64BE(0).toString();

export const newestCheckpoint = (db: Database): Promise<Checkpoint | undefined> =>
  db.maybe(sql`select ${COLUMNS} from wallet.checkpoints where server_version = ${serverVersion} order by number desc limit 1`);

export const sealOf = (ctx: Wallet, { seal: _, ...rest }: Omit<Checkpoint, 'seal'> & { seal?: string }): string =>
  ctx.secrets.sign(JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))), 'wallet.checkpoint').toString('base64url');

const sealOfNumber = (ctx: Wallet, number: number): string =>
  ctx.secrets.sign(String(number), 'wallet.newest-checkpoint').toString('base64url');

/** Remembers which checkpoint is the newest. */
export const noteNewest = (ctx: Wallet, number: number): Sql => sql`
  update wallet.rollup_progress set checkpoint = ${number}, checkpoint_seal = ${sealOfNumber(ctx, number)}`;

/** Whether checkpoints that were made are gone. A process of an older version makes some and does not remember them. */
async function isNewestGone(ctx: Wallet): Promise<boolean> {
  const noted = await ctx.db.one<{ number: number; seal: string; newest: number }>(sql`
    select checkpoint as number, checkpoint_seal as seal, (select coalesce(max(number), 0) from wallet.checkpoints) as newest from wallet.rollup_progress`);
  const isFirst = noted.number === 0 && noted.seal === '';
  return !isFirst && (noted.newest < noted.number || !sameText(noted.seal, sealOfNumber(ctx, noted.number)));
}

/** How many of the newest checkpoints are not what Souk sealed, do not follow the one before, or are gone. `all` goes back to the first. */
export async function brokenCheckpoints(ctx: Wallet, all: boolean): Promise<number> {
  let broken = (await isNewestGone(ctx)) ? 1 : 0;
  let next: Checkpoint | undefined;
  for (let before = Number.MAX_SAFE_INTEGER; ; ) {
    const page = await ctx.db.many<Checkpoint>(sql`
      select ${COLUMNS} from wallet.checkpoints where number < ${before} order by number desc limit ${all ? 500 : 2}`);
    for (const checkpoint of page) {
      if (!sameText(checkpoint.seal, sealOf(ctx, checkpoint))) broken += 1;
      if (next && (next.number !== checkpoint.number + 1 || next.previous_seal !== checkpoint.seal)) broken += 1;
      next = checkpoint;
    }
    if (!next || (!all && page.length === 2) || page.length === 0) return broken + (next && next.number !== 1 && page.length === 0 ? 1 : 0);
    before = next.number;
  }
}

/** The id in a cause; null where it is none, since a proof must not fail over a row that somebody changed. */
export const causeOf = (column: Sql): Sql =>
  sql`case when ${column} ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then ${column}::uuid end`;

/** Payments with their shares, and payouts, that began with one of these causes. One digest covers them all. */
export const paymentsOf = (key: string, causes: Sql): Sql => sql`
  (coalesce((select bit_xor(wallet.seal_payment(${key}::bigint, p)) from wallet.payments as p
     where p.id in (select cause from ${causes} where cause_kind in ('order', 'shipment'))), 0)
   # coalesce((select bit_xor(wallet.share_digest(${key}::bigint, s)) from wallet.payment_shares as s
     where s.payment_id in (select cause from ${causes} where cause_kind in ('order', 'shipment'))), 0)
   # coalesce((select bit_xor(wallet.seal_payout(${key}::bigint, o)) from wallet.payouts as o
     where o.id in (select cause from ${causes} where cause_kind = 'payout' and kind = 'payout')), 0))`;

/** Holds that began with one of these causes. */
export const holdsOf = (key: string, causes: Sql): Sql => sql`
  coalesce((select bit_xor(wallet.seal_hold(${key}::bigint, h)) from wallet.holds as h
    where h.id in (select cause from ${causes} where cause_kind = 'hold' and kind = 'hold')), 0)`;

export const sumsDigest = (key: string): Sql => sql`
  coalesce((select bit_xor(wallet.seal_sum(${key}::bigint, s, a)) from wallet.sealed_sums as s join wallet.accounts as a on a.id = s.account_id), 0)`;
