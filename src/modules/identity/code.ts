import { randomInt } from 'node:crypto';
import { days, minutes } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import { type Secrets, sameText } from '#kernel/secrets.ts';
import { gapless } from '#kernel/shapes.ts';
import { attemptInsert } from './attempts.ts';

/** What a code is for: to prove an email, or to set a new password. */
export type CodePurpose = 'email' | 'password';

/** Six digits, mailed to prove an address. */
export const Code = gapless()
  .regex(/^\d{6}$/, 'has six digits')
  .meta({ example: '402518' });

const TRIES = 5;
const SENDINGS = 5;
const SENDINGS_WINDOW_MS = days(1);
const LIFE_MS = minutes(15);

export const newCode = (): string => String(randomInt(1_000_000)).padStart(6, '0');

/** A keyed hash: a plain one of six digits would be guessed at once. */
export const fingerprintOf = (secrets: Secrets, accountId: string, purpose: CodePurpose, code: string): string =>
  secrets.fingerprint(code, `identity.code:${purpose}:${accountId}`);

const place = (accountId: string) => `identity.code:${accountId}`;
export const sealCode = (secrets: Secrets, accountId: string, code: string): string => secrets.seal(code, place(accountId));
export const unsealCode = (secrets: Secrets, accountId: string, sealed: string): string => secrets.unseal(sealed, place(accountId));

/**
 * Puts a new code in the place of the one before, with all its tries.
 * @returns false when the account has had as many codes as it may in a day, or has proven its email already.
 */
export async function replaceCode(
  db: Database,
  { accountId, purpose, fingerprint, now }: { accountId: string; purpose: CodePurpose; fingerprint: string; now: Date },
): Promise<boolean> {
  const expiresAt = new Date(now.getTime() + LIFE_MS);
  const windowBegan = new Date(now.getTime() - SENDINGS_WINDOW_MS);
  const replaced = await db.execute(sql`
    insert into identity.codes as c (account_id, purpose, fingerprint, first_at, expires_at)
    values (${accountId}, ${purpose}, ${fingerprint}, ${now}, ${expiresAt})
    on conflict (account_id, purpose) do update set
      fingerprint = excluded.fingerprint, expires_at = excluded.expires_at, tries = 0, used_at = null,
      sendings = case when c.first_at < ${windowBegan} then 1 else c.sendings + 1 end,
      first_at = case when c.first_at < ${windowBegan} then excluded.first_at else c.first_at end
    where (c.used_at is null or c.purpose = 'password') and (c.sendings < ${SENDINGS} or c.first_at < ${windowBegan})`);
  return replaced === 1;
}

interface SpentTry {
  account_id: string;
  fingerprint: string;
  used_at: Date | null;
}

/** Who may be meant by whoever enters a code. */
export type Whose = { emailIndex: string } | { usernameIndex: string };

/**
 * Finds the account whose code this is. The try is spent before it is looked at, by a statement of its own, so that neither
 * guesses at once nor a failure afterwards give more than five of them. Where nobody is meant it writes an attempt all the same:
 * a commit that has nothing to write need not wait for the disk, and that would tell who has an account.
 */
export async function tryCode(
  db: Database,
  secrets: Secrets,
  guess: { whose: Whose; purpose: CodePurpose; code: string; now: Date },
): Promise<{ accountId: string; fingerprint: string; isUsed: boolean } | undefined> {
  const { whose } = guess;
  const meant = 'emailIndex' in whose ? sql`a.email_index = ${whose.emailIndex}` : sql`a.username_index = ${whose.usernameIndex}`;
  const spent = await db.many<SpentTry>(sql`
    with attempt as (${attemptInsert(secrets, { codeOf: whose }, guess.now)}), spent as (
      update identity.codes c set tries = c.tries + 1
      from identity.accounts a
      where a.id = c.account_id and c.purpose = ${guess.purpose} and ${meant} and a.state in ('unconfirmed', 'active') and c.tries < ${TRIES} and c.expires_at > ${guess.now}
      returning c.account_id, c.fingerprint, c.used_at
    )
    select * from spent`);
  const hit = spent.find(({ account_id, fingerprint }) =>
    sameText(fingerprint, fingerprintOf(secrets, account_id, guess.purpose, guess.code)),
  );
  return hit && { accountId: hit.account_id, fingerprint: hit.fingerprint, isUsed: hit.used_at !== null };
}

/** @returns false when it was used before, or is not the one that was tried. */
export const markUsed = async (
  db: Database,
  accountId: string,
  purpose: CodePurpose,
  now: Date,
  fingerprint: string | null = null,
): Promise<boolean> =>
  (await db.execute(sql`
    update identity.codes set used_at = ${now}
    where account_id = ${accountId} and purpose = ${purpose} and used_at is null and fingerprint = coalesce(${fingerprint}, fingerprint)`)) ===
  1;

/** The code that went to another address is void: it must not prove the new one. What was sent today still counts. */
export const voidCode = (db: Database, accountId: string, purpose: CodePurpose, now: Date) =>
  db.execute(sql`
    update identity.codes set fingerprint = '', used_at = null, expires_at = ${now} where account_id = ${accountId} and purpose = ${purpose}`);

/** Codes of an account that is erased. */
export const dropCodes = (db: Database, accountId: string) => db.execute(sql`delete from identity.codes where account_id = ${accountId}`);

/** True when this is the newest code of the account and still to be used. */
export const isCurrent = async (db: Database, accountId: string, purpose: CodePurpose, fingerprint: string): Promise<boolean> =>
  (await db.maybe(sql`
    select 1 from identity.codes
    where account_id = ${accountId} and purpose = ${purpose} and fingerprint = ${fingerprint} and used_at is null`)) !== undefined;

/** Codes are kept for their day, so that sendings are counted; then they go. */
export const forgetCodes = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.codes where (account_id, purpose) in (
      select account_id, purpose from identity.codes where first_at < ${new Date(now.getTime() - SENDINGS_WINDOW_MS)} and expires_at < ${now}
      order by first_at limit ${limit} for update skip locked)`);
