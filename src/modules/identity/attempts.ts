import { minutes } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import { tooMany } from '#kernel/problems.ts';
import type { Secrets } from '#kernel/secrets.ts';
import type { Whose } from './code.ts';

const FAILURES = 10;
const WINDOW_MS = minutes(15);

const nameOf = (secrets: Secrets, whose: Whose): string =>
  secrets.fingerprint('emailIndex' in whose ? `email:${whose.emailIndex}` : `username:${whose.usernameIndex}`, 'identity.attempts');

/**
 * Counts a try at somebody's password before it is looked at, so that tries at once count too. The limit is the name's,
 * whatever addresses they come from and whether anybody bears it.
 * @throws tooMany after ten failures within a quarter of an hour, until it is over.
 */
export async function countAttempt(db: Database, secrets: Secrets, whose: Whose, now: Date): Promise<void> {
  const windowBegan = new Date(now.getTime() - WINDOW_MS);
  const { failures, began_at } = await db.one<{ failures: number; began_at: Date }>(sql`
    insert into identity.attempts as a (name, failures, began_at) values (${nameOf(secrets, whose)}, 1, ${now})
    on conflict (name) do update set
      failures = case when a.began_at < ${windowBegan} then 1 else least(a.failures + 1, ${FAILURES + 1}) end,
      began_at = case when a.began_at < ${windowBegan} then excluded.began_at else a.began_at end
    returning failures, began_at`);
  if (failures > FAILURES)
    throw tooMany({ retryAfterSeconds: Math.max(1, Math.ceil((began_at.getTime() + WINDOW_MS - now.getTime()) / 1000)) });
}

/** Whoever knew the password begins anew. */
export const forgiveAttempts = (db: Database, secrets: Secrets, whose: Whose) =>
  db.execute(sql`delete from identity.attempts where name = ${nameOf(secrets, whose)}`);

export const forgetAttempts = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.attempts where name in (
      select name from identity.attempts where began_at < ${new Date(now.getTime() - WINDOW_MS)} order by began_at limit ${limit} for update skip locked)`);
