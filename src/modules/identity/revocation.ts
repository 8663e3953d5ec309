import { REVOCATION_LIFE_MS, REVOCATIONS_PER_PAGE } from '#authentication/revoked.ts';
import { hours } from '#kernel/clock.ts';
import { type Database, sql, type Transaction } from '#kernel/database.ts';
import { signal } from '#kernel/events.ts';
import { REVOCATIONS_CHANNEL, type Revocation } from './contract.ts';

/** Expired ones stay a little longer, for processes that are behind. */
const KEPT_MS = hours(1);

const LOCK = 7_281_002; // any number, the same in every process

/**
 * Voids the access tokens of a session, or all that an account has now, and signals every process when this transaction commits.
 * The lock gives `seq` the order of the commits, so a reader that asks for `seq > last` misses none. Take it last.
 *
 * @returns the sequence number; tokens of an account that carry a smaller `rev` are void.
 */
export async function revoke(tx: Transaction, kind: Revocation['kind'], id: string, now: Date): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`);
  const { seq } = await tx.one<{ seq: number }>(sql`
    insert into identity.revocations (kind, id, expires_at) values (${kind}, ${id}, ${new Date(now.getTime() + REVOCATION_LIFE_MS)}) returning seq`);
  signal(tx, REVOCATIONS_CHANNEL);
  return seq;
}

/** Voids the access tokens of several sessions at once. Take it last, as above. */
export async function revokeSessions(tx: Transaction, ids: readonly string[], now: Date): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(${LOCK})`);
  await tx.execute(sql`
    insert into identity.revocations (kind, id, expires_at)
    select 'session', ended.id, ${new Date(now.getTime() + REVOCATION_LIFE_MS)}::timestamptz from unnest(${ids}::uuid[]) as ended (id)`);
  signal(tx, REVOCATIONS_CHANNEL);
}

export const revocationsAfter = (db: Database, since: number, now: Date) =>
  db.many<Revocation>(sql`
    select seq, kind, id from identity.revocations where seq > ${since} and expires_at > ${now} order by seq limit ${REVOCATIONS_PER_PAGE}`);

export const forgetRevocations = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.revocations where seq in (
      select seq from identity.revocations where expires_at < ${new Date(now.getTime() - KEPT_MS)} order by expires_at limit ${limit} for update skip locked)`);
