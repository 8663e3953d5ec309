import { householdOf } from '#kernel/addresses.ts';
import { minutes } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import { tooMany } from '#kernel/problems.ts';
import type { Secrets } from '#kernel/secrets.ts';
import type { Whose } from './code.ts';
import type { Identity } from './context.ts';

/** What is tried: the password of a name, a code that was mailed to it, the second factor of an account, or to have a code mailed to an address. */
type Subject = Whose | { codeOf: Whose } | { secondFactorOf: string } | { mailTo: string };

/** `from`: the household or the session that tries. Without it the tries of all count. */
export type Tried = Subject & { from?: string };

/** Where a call comes from, for counting: only keyed hashes of it are stored. */
export const placeOf = ({ request }: Identity): string => householdOf(request?.address ?? 'local');

const WINDOW_MS = minutes(15);

/** Six digits are guessed sooner than a password. What comes from one place is far from what all places have, so that nobody uses up somebody else's tries. */
function failuresOf(tried: Tried): number {
  if (tried.from === undefined && !('mailTo' in tried) && !('codeOf' in tried)) return 'secondFactorOf' in tried ? 20 : 100;
  return 'secondFactorOf' in tried ? 5 : 10;
}

function nameOf(secrets: Secrets, { from, ...tried }: Tried): string {
  if (from !== undefined) return secrets.fingerprint(`from:${from}:${nameOf(secrets, tried as Subject)}`, 'identity.attempts');
  if ('secondFactorOf' in tried) return secrets.fingerprint(`second-factor:${tried.secondFactorOf}`, 'identity.attempts');
  if ('mailTo' in tried) return secrets.fingerprint(`mail:${tried.mailTo}`, 'identity.attempts');
  if ('codeOf' in tried) return secrets.fingerprint(`code:${nameOf(secrets, tried.codeOf)}`, 'identity.attempts');
  return secrets.fingerprint('emailIndex' in tried ? `email:${tried.emailIndex}` : `username:${tried.usernameIndex}`, 'identity.attempts');
}

/** Writes one more attempt: the same row whether anybody bears the name or not. */
export const attemptInsert = (secrets: Secrets, tried: Tried, now: Date) => {
  const windowBegan = new Date(now.getTime() - WINDOW_MS);
  return sql`
    insert into identity.attempts as a (name, failures, began_at) values (${nameOf(secrets, tried)}, 1, ${now})
    on conflict (name) do update set
      failures = case when a.began_at < ${windowBegan} then 1 else least(a.failures + 1, ${failuresOf(tried) + 1}) end,
      began_at = case when a.began_at < ${windowBegan} then excluded.began_at else a.began_at end
    returning failures, began_at`;
};

/**
 * Counts a try at somebody's password or second factor before it is looked at, so that tries at once count too. The limit
 * is that of the name and the place it comes from, whether anybody has the name: who guesses at it elsewhere does not keep its owner
 * out. All places together have ten times as many for a password, four times as many for a second factor.
 * @throws tooMany after ten failures (of a second factor: five) within a quarter of an hour, until it is over.
 */
export async function countAttempt(db: Database, secrets: Secrets, tried: Tried & { from: string }, now: Date): Promise<void> {
  const { from: _, ...everywhere } = tried;
  await countOne(db, secrets, tried, now);
  await countOne(db, secrets, everywhere as Subject, now);
}

async function countOne(db: Database, secrets: Secrets, tried: Tried, now: Date): Promise<void> {
  const { failures, began_at } = await db.one<{ failures: number; began_at: Date }>(attemptInsert(secrets, tried, now));
  if (failures > failuresOf(tried))
    throw tooMany({ retryAfterSeconds: Math.max(1, Math.ceil((began_at.getTime() + WINDOW_MS - now.getTime()) / 1000)) });
}

/**
 * Counts a code that is to be mailed to an address, for whichever account, so that nobody fills a stranger's mailbox by opening
 * one account after the other. @returns false after ten within a quarter of an hour.
 */
export async function mayBeMailed(tx: Database, secrets: Secrets, emailIndex: string, now: Date): Promise<boolean> {
  const tried = { mailTo: emailIndex };
  return (await tx.one<{ failures: number }>(attemptInsert(secrets, tried, now))).failures <= failuresOf(tried);
}

/** Who knew it begins anew there; what was tried elsewhere still counts. */
export const forgiveAttempts = (db: Database, secrets: Secrets, tried: Tried & { from: string }) =>
  db.execute(sql`delete from identity.attempts where name = ${nameOf(secrets, tried)}`);

export const forgetAttempts = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.attempts where name in (
      select name from identity.attempts where began_at < ${new Date(now.getTime() - WINDOW_MS)} order by began_at limit ${limit} for update skip locked)`);
