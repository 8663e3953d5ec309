import { randomBytes } from 'node:crypto';
import { days, seconds } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import { isId } from '#kernel/ids.ts';
import { type Secrets, sameText } from '#kernel/secrets.ts';
import { ACCOUNT, type LivingAccount } from './account.ts';
import { rememberingPlace } from './place.ts';

const IDLE_MS = days(30);
const LONGEST_MS = days(90);

export type EndedBy = 'sign-out' | 'reuse' | 'suspension' | 'password' | 'erasure' | 'lost-factor';

/** A refresh token: the session it belongs to, its number in the family, chance, and our signature over these. */
export interface RefreshToken {
  sessionId: string;
  generation: number;
  text: string;
}

const signature = (secrets: Secrets, body: string): string => secrets.fingerprint(body, 'identity.refresh-token');

export function newRefreshToken(secrets: Secrets, sessionId: string, generation: number): RefreshToken {
  const body = `${sessionId}.${generation}.${randomBytes(24).toString('base64url')}`;
  return { sessionId, generation, text: `${body}.${signature(secrets, body)}` };
}

/**
 * The token that follows this one. It is computed from it with a secret key, so that all calls that exchange one token at about the
 * same time get the same successor. Nobody can compute it without the key.
 */
export function nextRefreshToken(secrets: Secrets, token: RefreshToken): RefreshToken {
  const generation = token.generation + 1;
  const body = `${token.sessionId}.${generation}.${secrets.fingerprint(token.text, 'identity.refresh-token.next').replaceAll('.', '')}`;
  return { sessionId: token.sessionId, generation, text: `${body}.${signature(secrets, body)}` };
}

/** Reads a token that we made; anything else is undefined, so that nobody ends a session by guessing at it. */
export function readRefreshToken(secrets: Secrets, text: string): RefreshToken | undefined {
  const [sessionId = '', number = '', chance = '', signed = ''] = text.split('.');
  const generation = Number(number);
  if (!isId(sessionId) || !Number.isSafeInteger(generation) || !sameText(signed, signature(secrets, `${sessionId}.${number}.${chance}`)))
    return undefined;
  return { sessionId, generation, text };
}

/** What is stored of a token. */
const hashOf = (secrets: Secrets, token: RefreshToken): string => secrets.fingerprint(token.text, 'identity.refresh-token.stored');

/**
 * Begins a session and notes from where, if the account is still active and still has the password, and a second factor or none, as was checked. The row of the account is
 * shared-locked: a suspension or a new password comes before it and refuses it, or after it and ends it.
 */
export const openSession = (
  db: Database,
  secrets: Secrets,
  session: { token: RefreshToken; account: LivingAccount; place: string; now: Date },
) => {
  const { token, account, place, now } = session;
  return db.maybe<LivingAccount>(sql`
    with account as (
      select ${ACCOUNT} from identity.accounts a
      where id = ${account.id} and state = 'active' and password_hash is not distinct from ${account.password_hash} and has_second_factor = ${account.has_second_factor}
      for share
    ), opened as (
      insert into identity.sessions (id, account_id, generation, refresh_hash, created_at, refreshed_at, expires_at)
      select ${token.sessionId}, account.id, ${token.generation}, ${hashOf(secrets, token)}, ${now}, ${now}, ${new Date(now.getTime() + IDLE_MS)} from account
    ), ${rememberingPlace(account.id, place, now)}
    select ${ACCOUNT} from account a`);
};

interface Presented {
  /** The family's number when this statement began. */
  seen_generation: number;
  ended: boolean;
  /** Whether the next token took this one's place a moment ago. */
  just_exchanged: boolean;
}

/** How long after its exchange a token is still answered: for a reply that was lost, and for parallel tabs. */
export const REFRESH_GRACE_MS = seconds(10);

/**
 * Puts the next token in the place of `token`, if `token` is the current one and its account is active: while that is being
 * closed its sessions wait, and their tokens stay valid. The update is guarded, so that of several at once one writes.
 *
 * @returns the account, as of the same moment, when it did, and also when the next token took this one's place within the grace;
 * `raced` when somebody else was faster within this very statement: ask again; `waiting` when the account is not active;
 * `reused` when it was replaced before that; `ended` when there is no such session any more.
 */
export async function rotate(
  db: Database,
  secrets: Secrets,
  { token, next, now }: { token: RefreshToken; next: RefreshToken; now: Date },
): Promise<LivingAccount | 'raced' | 'waiting' | 'reused' | 'ended'> {
  const presented = await db.maybe<Presented & (LivingAccount | { id: null })>(sql`
    with seen as (
      select account_id, generation, ended_at is not null or expires_at <= ${now} as ended,
             refresh_hash = ${hashOf(secrets, next)} and refreshed_at > ${new Date(now.getTime() - REFRESH_GRACE_MS)} as just_exchanged
      from identity.sessions where id = ${token.sessionId}
    ), rotated as (
      update identity.sessions s
      set generation = ${next.generation}, refresh_hash = ${hashOf(secrets, next)}, refreshed_at = ${now},
          expires_at = least(${new Date(now.getTime() + IDLE_MS)}::timestamptz, s.created_at + make_interval(secs => ${LONGEST_MS / 1000}))
      from identity.accounts a
      where s.id = ${token.sessionId} and s.refresh_hash = ${hashOf(secrets, token)}
        and s.ended_at is null and s.expires_at > ${now} and a.id = s.account_id and a.state = 'active'
      returning ${ACCOUNT}
    ), answered as (
      select ${ACCOUNT} from rotated a
      union all
      select ${ACCOUNT} from identity.accounts a, seen where a.id = seen.account_id and seen.just_exchanged and a.state = 'active'
    )
    select seen.generation as seen_generation, seen.ended, seen.just_exchanged, ${ACCOUNT} from seen left join answered a on true`);
  if (!presented || presented.ended) return 'ended';
  if (presented.id !== null) return presented;
  if (presented.just_exchanged) return 'waiting';
  return presented.seen_generation === token.generation ? 'raced' : 'reused';
}

/** Ends a session and its family. @returns its account, or undefined when it had ended before. */
export const endSession = (db: Database, id: string, { by, now }: { by: EndedBy; now: Date }) =>
  db.maybe<{ account_id: string }>(sql`
    update identity.sessions set ended_at = ${now}, ended_by = ${by} where id = ${id} and ended_at is null returning account_id`);

/** Ends all open sessions of an account but one. @returns those that it ended. */
export const endSessions = async (
  db: Database,
  accountId: string,
  { by, except, now }: { by: EndedBy; except: string | null; now: Date },
): Promise<string[]> => {
  const ended = await db.many<{ id: string }>(sql`
    update identity.sessions set ended_at = ${now}, ended_by = ${by}
    where account_id = ${accountId} and ended_at is null and id is distinct from ${except}::uuid returning id`);
  return ended.map(({ id }) => id);
};

/** True while the session may go on. */
export const isOpen = async (db: Database, id: string, now: Date): Promise<boolean> =>
  (await db.maybe(sql`select 1 from identity.sessions where id = ${id} and ended_at is null and expires_at > ${now}`)) !== undefined;

interface OpenSession {
  id: string;
  created_at: Date;
  refreshed_at: Date;
  expires_at: Date;
}

/** The open sessions of an account, newest first, or the one of that id. */
export const openSessionsOf = (db: Database, accountId: string, now: Date, id: string | null = null) =>
  db.many<OpenSession>(sql`
    select id, created_at, refreshed_at, expires_at from identity.sessions
    where account_id = ${accountId} and ended_at is null and expires_at > ${now} and (${id}::uuid is null or id = ${id}::uuid)
    order by id desc limit 100`);

/** Sessions that have run out, or ended a while ago, are forgotten: their tokens are refused all the same. */
export const forgetSessions = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.sessions where id in (
      select id from identity.sessions where expires_at < ${now} order by expires_at limit ${limit} for update skip locked)`);
