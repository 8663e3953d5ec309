import { randomUUID } from 'node:crypto';
import { days, minutes } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import { type Secrets, sameText } from '#kernel/secrets.ts';
import { withoutSpaces } from '#kernel/shapes.ts';
import { accountMachine } from './account-state.ts';
import { countCodeTry, type TriedCode } from './attempts.ts';
import type { Identity } from './context.ts';
import { placeOf } from './place.ts';

/** What a code is for: to prove an email, or to set a new password. */
export type CodePurpose = 'email' | 'password';

const LIFE_MS = minutes(15);
const SPENT_MS = days(1);
/** Consonants: no word comes of them, and no digit that could be taken for the short code. 30 of 20 are 129 bits. */
const LETTERS = 'bcdfghjklmnpqrstvwxz';
const LONG = 30;

/** What an email holds: six digits, or the long code of the same email. Gaps and dashes mean nothing. */
export const Code = withoutSpaces()
  .overwrite((text) => text.replaceAll('-', '').toLowerCase())
  .regex(new RegExp(`^(\\d{6}|[${LETTERS}]{${LONG}})$`), 'has six digits, or is the long code of the email')
  .meta({ example: '402518' });

/** The two codes of one email: six digits, whose tries are counted, and one that is too long to be guessed. */
export interface MailedCode {
  short: string;
  long: string;
}

/** The codes of a seed. Without the key nobody can compute them from it. */
const codeOf = (secrets: Secrets, accountId: string, purpose: CodePurpose, seed: string): MailedCode => {
  let rest = BigInt(`0x${secrets.sign(`${purpose}:${accountId}:${seed}`, 'identity.mailed-code').toString('hex')}`);
  const draw = (of: number): number => {
    const drawn = Number(rest % BigInt(of));
    rest /= BigInt(of);
    return drawn;
  };
  return {
    short: String(draw(1_000_000)).padStart(6, '0'),
    long: Array.from({ length: LONG }, () => LETTERS[draw(LETTERS.length)]).join(''),
  };
};

/** A keyed hash: a plain one of six digits would be guessed at once. */
export const fingerprintOf = (secrets: Secrets, accountId: string, purpose: CodePurpose, code: string): string =>
  secrets.fingerprint(code, `identity.code:${purpose}:${accountId}`);

const shortPlace = (accountId: string) => `identity.code:${accountId}`;
const longPlace = (accountId: string) => `identity.long-code:${accountId}`;

/** What a job is given of a code. */
export const sealCode = (secrets: Secrets, accountId: string, { code: { short, long }, mailing }: ToBeMailed) => ({
  accountId,
  mailing,
  sealedCode: secrets.seal(short, shortPlace(accountId)),
  sealedLong: secrets.seal(long, longPlace(accountId)),
});

/** An older process has sealed no long code. */
export const unsealCode = (
  secrets: Secrets,
  { accountId, sealedCode, sealedLong }: { accountId: string; sealedCode: string; sealedLong?: string | undefined },
): { short: string; long: string | null } => ({
  short: secrets.unseal(sealedCode, shortPlace(accountId)),
  long: sealedLong === undefined ? null : secrets.unseal(sealedLong, longPlace(accountId)),
});

/** A code, its fingerprint, and how often it has been mailed with this time. */
export interface ToBeMailed {
  code: MailedCode;
  fingerprint: string;
  mailing: number;
}

/**
 * The code to mail. One that is still valid is mailed again, and is valid for a quarter of an hour from now on, for a day at most. So
 * nobody who asks for a code makes the owner's invalid, and there is never more than one to be guessed.
 * @returns undefined when the account has proven its email already.
 */
export async function codeToMail(
  ctx: Pick<Identity, 'db' | 'secrets' | 'clock'>,
  whose: { accountId: string; purpose: CodePurpose },
): Promise<ToBeMailed | undefined> {
  const { db, secrets, clock } = ctx;
  const { accountId, purpose } = whose;
  const now = clock.now();
  const expiresAt = new Date(now.getTime() + LIFE_MS);
  const before = await db.maybe<{ seed: string | null; fingerprint: string; is_used: boolean; is_valid: boolean; sendings: number }>(sql`
    select seed, fingerprint, sendings, used_at is not null as is_used,
           used_at is null and expires_at > ${now} and first_at > ${new Date(now.getTime() - days(1))} as is_valid
    from identity.codes where account_id = ${accountId} and purpose = ${purpose} for update`);
  if (before?.is_used && purpose === 'email') return undefined;
  if (before?.seed && before.is_valid) {
    const code = codeOf(secrets, accountId, purpose, before.seed);
    const fingerprint = fingerprintOf(secrets, accountId, purpose, code.short);
    if (fingerprint === before.fingerprint) {
      await db.execute(sql`
        update identity.codes set expires_at = ${expiresAt}, sendings = sendings + 1 where account_id = ${accountId} and purpose = ${purpose}`);
      return { code, fingerprint, mailing: before.sendings + 1 };
    } // else an older process has written another code, without a seed
  }
  const seed = randomUUID();
  const code = codeOf(secrets, accountId, purpose, seed);
  const [short, long] = [code.short, code.long].map((text) => fingerprintOf(secrets, accountId, purpose, text));
  const isWritten = await db.execute(sql`
    insert into identity.codes as c (account_id, purpose, seed, fingerprint, long_fingerprint, first_at, expires_at)
    values (${accountId}, ${purpose}, ${seed}, ${short}, ${long}, ${now}, ${expiresAt})
    on conflict (account_id, purpose) do update set
      seed = excluded.seed, fingerprint = excluded.fingerprint, long_fingerprint = excluded.long_fingerprint, sendings = 1,
      expires_at = excluded.expires_at, first_at = excluded.first_at, used_at = null
    where c.fingerprint = ${before?.fingerprint ?? ''}`);
  return isWritten === 1 ? { code, fingerprint: short as string, mailing: 1 } : codeToMail(ctx, whose); // another call was first
}

interface LiveCode extends TriedCode {
  long_fingerprint: string | null;
  used_at: Date | null;
}

/** The account of a person who enters a code, as they name it. */
export type Whose = { emailIndex: string } | { usernameIndex: string };

/**
 * Finds the account whose code this is. A try at six digits is counted before it is looked at, so that neither guesses at once
 * nor a failure afterwards give more of them; what is tried from elsewhere does not spend the tries of who is here. The long code of
 * the same email cannot be guessed: nobody's tries keep its holder out.
 */
export async function tryCode(
  ctx: Identity,
  { whose, purpose, code }: { whose: Whose; purpose: CodePurpose; code: string },
): Promise<{ accountId: string; fingerprint: string; isUsed: boolean } | undefined> {
  const { db, secrets, clock } = ctx;
  const place = placeOf(ctx);
  const meant = 'emailIndex' in whose ? sql`a.email_index = ${whose.emailIndex}` : sql`a.username_index = ${whose.usernameIndex}`;
  const isMeantAlone = 'emailIndex' in whose ? sql`a.email_confirmed_at is not null` : sql`true`;
  const meantNow = await db.many<LiveCode>(sql`
    select a.id as account_id, coalesce(c.fingerprint, '') as fingerprint, c.long_fingerprint, c.used_at,
           exists (select 1 from identity.places p where p.account_id = a.id and p.place = ${place}) as is_known
    from identity.accounts a left join identity.codes c on c.account_id = a.id and c.purpose = ${purpose} and c.expires_at > ${clock.now()}
    where ${meant} and ${accountMachine.allows('confirm', 'a.state')} and (c.account_id is not null or ${isMeantAlone})
    order by a.email_confirmed_at, a.created_at desc, a.id desc`);
  const live = meantNow.filter(({ fingerprint }) => fingerprint !== '');
  const isLong = code.length === LONG;
  const tried = await countCodeTry(ctx, { whose, purpose, place, codes: isLong ? [] : live });
  const isHit = ({ account_id, fingerprint, long_fingerprint }: LiveCode): boolean =>
    (isLong || tried.has(account_id)) &&
    sameText((isLong ? long_fingerprint : fingerprint) ?? '', fingerprintOf(secrets, account_id, purpose, code));
  const hit = live.find(isHit);
  if (ctx.request) ctx.request.subject = (hit ?? meantNow[0])?.account_id ?? null; // whose code was tried
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

/** The code that went to another address is void: it must not prove the new one. */
export const voidCode = (db: Database, accountId: string, purpose: CodePurpose, now: Date) =>
  db.execute(sql`
    update identity.codes set fingerprint = '', long_fingerprint = null, used_at = null, expires_at = ${now} where account_id = ${accountId} and purpose = ${purpose}`);

/** Codes of an account that is erased. */
export const dropCodes = (db: Database, accountId: string) => db.execute(sql`delete from identity.codes where account_id = ${accountId}`);

/** True when this is the newest code of the account and still to be used. */
export const isCurrent = async (db: Database, accountId: string, purpose: CodePurpose, fingerprint: string): Promise<boolean> =>
  (await db.maybe(sql`
    select 1 from identity.codes
    where account_id = ${accountId} and purpose = ${purpose} and fingerprint = ${fingerprint} and used_at is null`)) !== undefined;

/** Codes are stored for a day, so that one who confirms again gets the same reply; then they go. */
export const forgetCodes = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.codes where (account_id, purpose) in (
      select account_id, purpose from identity.codes where first_at < ${new Date(now.getTime() - SPENT_MS)} and expires_at < ${now}
      order by first_at limit ${limit} for update skip locked)`);
