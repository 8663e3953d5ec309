import { days, minutes } from '#kernel/clock.ts';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { tooMany } from '#kernel/problems.ts';
import type { Secrets } from '#kernel/secrets.ts';
import type { CodePurpose, Whose } from './code.ts';
import type { Identity } from './context.ts';

/** What is tried: the password of a name, or the second factor of an account. */
type Subject = Whose | { secondFactorOf: string };

/** Who tries: a place, as `placeOf` says it, or an open session. */
export type From = { place: string } | { session: string };

export type Tried = Subject & From;

/** What is counted in windows of time. `name` is a keyed hash. */
interface Counter {
  readonly name: string;
  readonly windowMs: number;
}

/** Codes of a second factor are guessed sooner than passwords. `everywhere` is for all places from which nobody has signed in before. */
const PASSWORD = { here: 10, everywhere: 100 };
const SECOND_FACTOR = { here: 5, everywhere: 20 };
/** Of one mailed code, of all codes of an account in a day, and how often codes are mailed. NIST SP 800-63B, 3.2.2, allows 100 tries. */
const CODE = { here: 5, everywhere: 100, sentADay: 5, mailedHere: 10, mailedEverywhere: 30 };
const WINDOW_MS = minutes(15);

const counter = (secrets: Secrets, name: string, windowMs: number = WINDOW_MS): Counter => ({
  name: secrets.fingerprint(name, 'identity.attempts'),
  windowMs,
});

const textOf = (subject: Subject): string => {
  if ('secondFactorOf' in subject) return `second-factor:${subject.secondFactorOf}`;
  return 'emailIndex' in subject ? `email:${subject.emailIndex}` : `username:${subject.usernameIndex}`;
};

const limitsOf = (subject: Subject) => ('secondFactorOf' in subject ? SECOND_FACTOR : PASSWORD);

const here = (secrets: Secrets, tried: Tried): Counter =>
  counter(secrets, `from:${'place' in tried ? tried.place : `session:${tried.session}`}:${textOf(tried)}`);

/** Begins a window, or counts one more in the one that runs. */
const oneMore = (now: Date): Sql => sql`
  on conflict (name) do update set
    failures = case when a.ends_at <= ${now} then 1 else a.failures + 1 end,
    began_at = case when a.ends_at <= ${now} then excluded.began_at else a.began_at end,
    ends_at = case when a.ends_at <= ${now} then excluded.ends_at else a.ends_at end`;

const insertInto = (values: Sql, now: Date): Sql => sql`
  insert into identity.attempts as a (name, failures, began_at, ends_at) ${values} ${oneMore(now)} returning name, failures, ends_at`;

const insertOf = ({ name, windowMs }: Counter, now: Date, unless: Sql = sql`false`): Sql =>
  insertInto(sql`select ${name}, 1, ${now}::timestamptz, ${new Date(now.getTime() + windowMs)}::timestamptz where not (${unless})`, now);

interface Counted {
  failures: number;
  ends_at: Date;
}

/**
 * Counts a try at a password or second factor before it is checked, so that tries at the same time count too. One count is for
 * the name and the place or session that tries, even if nobody has the name. The other is for all places together, except those
 * of earlier sign-ins of the account. So a guesser elsewhere, even with many networks, does not keep the owner out.
 * @throws tooMany after ten failures (of a second factor: five) from here within a quarter of an hour, or a hundred (twenty) in all.
 */
export async function countAttempt({ db, secrets, clock }: Identity, tried: Tried): Promise<void> {
  const now = clock.now();
  const refuseBeyond = (limit: number, counted: Counted | undefined): void => {
    if (counted && counted.failures > limit)
      throw tooMany({ retryAfterSeconds: Math.max(1, Math.ceil((counted.ends_at.getTime() - now.getTime()) / 1000)) });
  };
  const limits = limitsOf(tried);
  refuseBeyond(limits.here, await db.one<Counted>(insertOf(here(secrets, tried), now)));
  if ('session' in tried) return;
  const everywhere = insertOf(counter(secrets, textOf(tried)), now, isKnown(tried, tried.place));
  refuseBeyond(limits.everywhere, await db.maybe<Counted>(everywhere));
}

const isKnown = (subject: Subject, place: string): Sql => {
  if ('secondFactorOf' in subject)
    return sql`exists (select 1 from identity.places where account_id = ${subject.secondFactorOf} and place = ${place})`;
  const meant =
    'emailIndex' in subject
      ? sql`a.email_index = ${subject.emailIndex} and a.email_confirmed_at is not null`
      : sql`a.username_index = ${subject.usernameIndex}`;
  return sql`exists (select 1 from identity.places p join identity.accounts a on a.id = p.account_id where ${meant} and p.place = ${place})`;
};

/** After a right answer the count starts again there. Tries from elsewhere still count. */
export const forgiveAttempts = ({ db, secrets }: Identity, tried: Tried) =>
  db.execute(sql`delete from identity.attempts where name = ${here(secrets, tried).name}`);

interface CodeFrom {
  accountId: string;
  purpose: CodePurpose;
  fingerprint: string;
  place: string;
}

const ofCode = (secrets: Secrets, { accountId, purpose, fingerprint, place }: CodeFrom): Counter =>
  counter(secrets, `code:${purpose}:${accountId}:${fingerprint}:${place}`);

/** A place that has the code mailed again has five tries at it again; the hundred of a day stay counted. */
export const forgiveCodeTries = (tx: Database, secrets: Secrets, from: CodeFrom) =>
  tx.execute(sql`delete from identity.attempts where name = ${ofCode(secrets, from).name}`);

/** A code that a try is at. */
export interface TriedCode {
  account_id: string;
  fingerprint: string;
  /** Whether the account was signed in to from this place before. */
  is_known: boolean;
}

/**
 * Counts a try at mailed codes from a place, before they are compared: five at each code, and a hundred in a day at the codes of an
 * account, of a known place by itself and of all others together. It writes a row even if there is no code: a commit without a write
 * does not wait for the disk, and that difference in time would show who has an account.
 * @returns the accounts at whose codes it may be.
 */
export async function countCodeTry(
  { db, secrets, clock }: Identity,
  { whose, purpose, place, codes }: { whose: Whose; purpose: CodePurpose; place: string; codes: readonly TriedCode[] },
): Promise<Set<string>> {
  const now = clock.now();
  const nobodys = counter(secrets, `code:${textOf(whose)}`);
  const own = codes.map(({ account_id: accountId, fingerprint }) => ofCode(secrets, { accountId, purpose, fingerprint, place }).name);
  const all = codes.map(({ account_id, is_known }) => counter(secrets, `codes:${purpose}:${account_id}:${is_known ? place : ''}`).name);
  const window = (ms: number) => sql`1, ${now}::timestamptz, ${new Date(now.getTime() + ms)}::timestamptz`;
  const tried = await db.many<{ account_id: string }>(sql`
    with tried as (
      select * from unnest(${codes.map(({ account_id }) => account_id)}::uuid[], ${own}::text[], ${all}::text[]) as t (account_id, own, everyone)
    ), nobodys as (${insertOf(nobodys, now)}
    ), own as (${insertInto(sql`select own, ${window(WINDOW_MS)} from tried order by own`, now)}
    ), everyone as (
      ${insertInto(
        sql`select everyone, ${window(days(1))} from tried join own on own.name = tried.own
            where own.failures <= ${CODE.here} order by everyone`,
        now,
      )}
    )
    select tried.account_id from tried join own on own.name = tried.own join everyone on everyone.name = tried.everyone
    where everyone.failures <= ${CODE.everywhere}`);
  return new Set(tried.map(({ account_id }) => account_id));
}

/**
 * Counts a code that a place asks to be mailed: of an account five a day; to one address, for whichever account, ten in a quarter of
 * an hour. To one address go thirty for all places together; but what a place asks for first is always sent, so that nobody else
 * keeps an owner from their code. `to` is null where mails to addresses are not limited.
 */
export async function mayBeMailed(
  tx: Database,
  { secrets, clock }: Identity,
  { accountId, purpose, place, to }: { accountId: string; purpose: CodePurpose; place: string; to: string | null },
): Promise<boolean> {
  const now = clock.now();
  const count = async (counter: Counter) => (await tx.one<Counted>(insertOf(counter, now))).failures;
  if (to !== null) {
    const mailedHere = await count(counter(secrets, `mail:${to}:${place}`));
    if (mailedHere > CODE.mailedHere) return false;
    if ((await count(counter(secrets, `mail:${to}`))) > CODE.mailedEverywhere && mailedHere > 1) return false;
  }
  return (await count(counter(secrets, `sent:${purpose}:${accountId}:${place}`, days(1)))) <= CODE.sentADay;
}

export const forgetAttempts = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.attempts where name in (
      select name from identity.attempts where ends_at < ${now} order by ends_at limit ${limit} for update skip locked)`);
