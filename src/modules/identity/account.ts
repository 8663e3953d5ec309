import { days } from '#kernel/clock.ts';
import { type Database, join, type Sql, sql } from '#kernel/database.ts';
import type { KeyColumns } from '#kernel/idempotency.ts';
import type { Language } from '#kernel/languages.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { type AccountState, accountMachine } from './account-state.ts';
import type { RoleName } from './contract.ts';

export interface AccountRow extends KeyColumns {
  id: string;
  /** Null once erased. */
  username: string | null;
  username_index: string;
  password_hash: string | null;
  state: AccountState;
  email_sealed: string | null;
  email_index: string | null;
  email_confirmed_at: Date | null;
  /** Signed up by this address as its name; until somebody proves it. */
  claims_email: boolean;
  details_sealed: string | null;
  language: Language | null;
  time_zone: string | null;
  roles: RoleName[];
  /** Sequence of the latest revocation of the whole account; tokens carry it. */
  rev: number;
  has_second_factor: boolean;
  version: number;
  created_at: Date;
}

/** An account that is not erased has a name. */
export type LivingAccount = AccountRow & { username: string };

/** The columns of `AccountRow`, of accounts by the name `a`. */
export const ACCOUNT: Sql = sql`
  a.id, a.username, a.username_index, a.password_hash, a.state, a.email_sealed, a.email_index, a.email_confirmed_at, a.claims_email, a.details_sealed,
  a.language, a.time_zone, a.roles, a.rev, a.has_second_factor, a.version, a.principal, a.idempotency_key, a.body_hash, a.created_at`;

const selectAccount = sql`select ${ACCOUNT} from identity.accounts a`;

export const findById = (db: Database, id: string) =>
  db.maybe<LivingAccount>(sql`${selectAccount} where a.id = ${id} and a.state <> 'erased'`);

export const findByUsername = (db: Database, usernameIndex: string) =>
  db.maybe<LivingAccount>(sql`${selectAccount} where a.username_index = ${usernameIndex} and a.state <> 'erased'`);

export const findByIds = (db: Database, ids: readonly string[]) =>
  db.many<{ id: string; username: string; active: boolean }>(sql`
    select id, username, state = 'active' as active from identity.accounts where id = any(${ids}::uuid[]) and state in ('active', 'suspended')`);

/** Accounts in every state but erased. */
export const accountsByIds = (ids: readonly string[]): Sql =>
  sql`${selectAccount} where a.id = any(${ids}::uuid[]) and a.state <> 'erased'`;

/** The account that has proven this address. */
export const findByConfirmedEmail = (db: Database, emailIndex: string) =>
  db.maybe<LivingAccount>(sql`${selectAccount} where a.email_index = ${emailIndex} and a.email_confirmed_at is not null`);

/** The account that has proven this address, else the one that has signed up by it. */
export const findByOwnEmail = (db: Database, emailIndex: string) =>
  db.maybe<LivingAccount>(sql`
    ${selectAccount} where a.email_index = ${emailIndex} and (a.email_confirmed_at is not null or a.claims_email)
    order by a.email_confirmed_at nulls last limit 1`);

/** The account that has proven it, locked until the end of the transaction: a suspension or an erasure comes before or after it. */
export const shareConfirmedEmail = (tx: Database, emailIndex: string) =>
  tx.maybe<LivingAccount>(sql`${selectAccount} where a.email_index = ${emailIndex} and a.email_confirmed_at is not null for share`);

/** The newest sign-up that waits for a code sent to this address. */
export const findNewestUnconfirmed = (db: Database, emailIndex: string) =>
  db.maybe<LivingAccount>(sql`
    ${selectAccount} where a.email_index = ${emailIndex} and a.state = 'unconfirmed' order by a.created_at desc, a.id desc limit 1`);

/** The account that a call with this key made. */
export const findByKey = (db: Database, key: { principal: string; value: string }) =>
  db.maybe<LivingAccount>(sql`
    ${selectAccount} where a.principal = ${key.principal} and a.idempotency_key = ${key.value} and a.state <> 'erased'`);

export type NewAccount = Omit<AccountRow, 'rev' | 'version' | 'roles' | 'has_second_factor' | 'language' | 'time_zone'> & {
  username: string;
};

/** @returns false when the name, the key or the confirmed address is taken; the account is then not there. */
export async function insertAccount(db: Database, a: NewAccount): Promise<boolean> {
  const inserted = await db.execute(sql`
    insert into identity.accounts (id, username, username_index, password_hash, state, email_sealed, email_index, email_confirmed_at, claims_email,
                                   details_sealed, principal, idempotency_key, body_hash, created_at)
    values (${a.id}, ${a.username}, ${a.username_index}, ${a.password_hash}, ${a.state}, ${a.email_sealed}, ${a.email_index}, ${a.email_confirmed_at}, ${a.claims_email},
            ${a.details_sealed}, ${a.principal}, ${a.idempotency_key}, ${a.body_hash}, ${a.created_at})
    on conflict do nothing`);
  return inserted === 1;
}

/** Which of these names (as indexes) are taken, by the living or the erased. */
export async function takenUsernames(db: Database, indexes: readonly string[]): Promise<Set<string>> {
  const rows = await db.many<{ username_index: string }>(sql`
    select username_index from identity.accounts where username_index = any(${indexes}::text[])`);
  return new Set(rows.map((row) => row.username_index));
}

/** Finds an address again. Upper and lower case are one, as mail servers in practice treat them. */
export const emailIndex = (secrets: Secrets, email: string): string =>
  secrets.blindIndex(email.normalize('NFKC').trim().toLowerCase(), 'identity.email');

/** What the ciphertext of an address is bound to. */
export const emailPlace = (accountId: string) => `identity.accounts.email:${accountId}`;

/** The two columns of an address, or two nulls. */
export const emailColumns = (secrets: Secrets, accountId: string, email: string | null | undefined) =>
  email
    ? { email_sealed: secrets.seal(email, emailPlace(accountId)), email_index: emailIndex(secrets, email) }
    : { email_sealed: null, email_index: null };

export const emailOf = (secrets: Secrets, account: Pick<AccountRow, 'id' | 'email_sealed'>): string | null =>
  account.email_sealed === null ? null : secrets.unseal(account.email_sealed, emailPlace(account.id));

const KEPT_UNCONFIRMED_MS = days(7);
const UNCONFIRMED_PER_EMAIL = 5;

/** Everybody who waits for a code sent to this address, newest first. */
export const findWaitingForCode = (db: Database, emailIndex: string) =>
  db.many<LivingAccount>(sql`
    ${selectAccount} where a.email_index = ${emailIndex} and a.email_confirmed_at is null and ${accountMachine.allows('confirm', 'a.state')}
    order by a.created_at desc, a.id desc limit ${UNCONFIRMED_PER_EMAIL}`);

/** @throws a violation of `accounts_email` when another account has confirmed the address first. */
export const confirmEmail = (db: Database, id: string, now: Date) =>
  db.maybe<LivingAccount>(sql`
    update identity.accounts a
    set email_confirmed_at = ${now}, claims_email = false, version = version + 1, state = 'active'
    where id = ${id} and email_confirmed_at is null and ${accountMachine.allows('confirm')} returning ${ACCOUNT}`);

const PROVING = 7_281_003; // any number, the same in every process

/**
 * Lets those who prove one address, and those who claim it, come one after the other: each changes rows that another
 * has changed. Take it before any of them.
 */
export const lockClaims = (tx: Database, emailIndex: string) =>
  tx.execute(sql`select pg_advisory_xact_lock(${PROVING}::int, hashtext(${emailIndex}))`);

/** The address has an owner: other accounts that signed up with it can never confirm it, and are no longer found by it. */
export async function forgetRivals(db: Database, emailIndex: string): Promise<void> {
  await db.execute(sql`delete from identity.accounts where email_index = ${emailIndex} and ${accountMachine.allows('drop')}`);
  await db.execute(
    sql`update identity.accounts set claims_email = false, version = version + 1 where email_index = ${emailIndex} and claims_email`,
  );
}

/**
 * Several sign-ups may wait for one address, since any of them may be its owner's; the oldest give way, so that
 * nobody fills the place up. One whose code is still valid stays: a rival does not push its owner out.
 */
export async function forgetOldestUnconfirmed(db: Database, emailIndex: string, now: Date): Promise<void> {
  await db.execute(sql`
    delete from identity.accounts where id in (
      select a.id from identity.accounts a where a.email_index = ${emailIndex} and ${accountMachine.allows('drop', 'a.state')}
        and not exists (select 1 from identity.codes c where c.account_id = a.id and c.purpose = 'email' and c.expires_at > ${now})
      order by a.created_at desc, a.id desc offset ${UNCONFIRMED_PER_EMAIL})`);
}

/** Sign-ups that nobody confirmed are dropped; their names are free again, for nobody ever was known by them. */
export function forgetUnconfirmed(db: Database, now: Date, limit: number): Promise<number> {
  const before = new Date(now.getTime() - KEPT_UNCONFIRMED_MS);
  return db.execute(sql`
    delete from identity.accounts where id in (
      select id from identity.accounts where ${accountMachine.allows('drop')} and created_at < ${before} order by created_at limit ${limit} for update skip locked)`);
}

/** Locks the account until the end of the transaction; sign-ins wait for it. */
export const lockAccount = (db: Database, id: string) =>
  db.maybe<LivingAccount>(sql`${selectAccount} where a.id = ${id} and ${accountMachine.allows('suspend', 'a.state')} for update`);

/** Makes these the roles of the account, and no others; tokens older than `rev` are void. */
export const setRoles = (db: Database, id: string, roles: readonly RoleName[], rev: number) =>
  db.one<LivingAccount>(sql`
    update identity.accounts a set roles = ${roles}::text[], rev = ${rev}, version = version + 1 where id = ${id} returning ${ACCOUNT}`);

/** Gives the account another password; tokens older than `rev` are void. The account must be locked. */
export const setPassword = (tx: Database, id: string, passwordHash: string, rev: number) =>
  tx.execute(sql`update identity.accounts set password_hash = ${passwordHash}, rev = ${rev}, version = version + 1 where id = ${id}`);

/** Says whether the account has a second factor; tokens older than `rev` are void. The account must be locked. */
export const setSecondFactor = (tx: Database, id: string, has: boolean, rev: number) =>
  tx.one<LivingAccount>(sql`
    update identity.accounts a set has_second_factor = ${has}, rev = ${rev}, version = version + 1 where id = ${id} returning ${ACCOUNT}`);

/** Shuts the account out, or lets it in again; tokens older than `rev` are void. The account must be locked. */
export const setSuspended = (tx: Database, id: string, to: { suspended: boolean; reason: string; rev: number }) =>
  tx.one<LivingAccount>(sql`
    update identity.accounts a
    set state = ${to.suspended ? 'suspended' : 'active'}, suspension_reason = ${to.suspended ? to.reason : null}, rev = ${to.rev}, version = version + 1
    where id = ${id} returning ${ACCOUNT}`);

/** A page of accounts, newest first; with an index of an email, those that gave it. */
export const customersPage = (query: { emailIndex: string | null; after: string | null; rows: number }): Sql => {
  const conditions = [sql`a.state <> 'erased'`];
  if (query.after) conditions.push(sql`a.id < ${query.after}`);
  if (query.emailIndex)
    conditions.push(sql`a.id in (
      select id from identity.accounts where email_index = ${query.emailIndex} and email_confirmed_at is not null
      union all select id from identity.accounts where email_index = ${query.emailIndex} and email_confirmed_at is null)`);
  return sql`${selectAccount} where ${join(conditions, ' and ')} order by a.id desc limit ${query.rows}`;
};

export type PersonalColumns = Pick<
  AccountRow,
  'email_sealed' | 'email_index' | 'email_confirmed_at' | 'details_sealed' | 'language' | 'time_zone'
>;

/** Gives the account other personal data. It must be locked. */
export const setPersonal = (tx: Database, id: string, to: PersonalColumns) =>
  tx.one<LivingAccount>(sql`
    update identity.accounts a
    set claims_email = claims_email and email_index is not distinct from ${to.email_index}::text,
        email_sealed = ${to.email_sealed}, email_index = ${to.email_index}, email_confirmed_at = ${to.email_confirmed_at},
        details_sealed = ${to.details_sealed}, language = ${to.language}, time_zone = ${to.time_zone}, version = version + 1
    where id = ${id} returning ${ACCOUNT}`);
