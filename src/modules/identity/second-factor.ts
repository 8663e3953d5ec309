import { Secret, TOTP } from 'otpauth';
import { hours } from '#kernel/clock.ts';
import { type Database, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';

export { MfaCode } from './contract.ts';

/** Twenty bytes, as RFC 4226 recommends. */
const SECRET_BYTES = 20;
const PERIOD_SECONDS = 30;
/** Steps before and after the current one whose codes are taken, for clocks that differ (RFC 6238, 5.2). */
const WINDOW = 1;
const CONFIRMED_WITHIN_MS = hours(1);

export const newSecret = (): string => new Secret({ size: SECRET_BYTES }).base32;

/** As RFC 6238 has it, with the parameters that every authenticator app knows. */
export const totpOf = (secret: string, username = ''): TOTP =>
  new TOTP({ issuer: 'Souk', label: username, algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS, secret: Secret.fromBase32(secret) });

/** The time step that the code belongs to, of those near now; undefined when it fits none. */
export function stepOf(secret: string, code: string, now: Date): number | undefined {
  const timestamp = now.getTime();
  const delta = totpOf(secret).validate({ token: code, timestamp, window: WINDOW });
  return delta === null ? undefined : TOTP.counter({ period: PERIOD_SECONDS, timestamp }) + delta;
}

export const secondFactorPlace = (accountId: string) => `identity.second-factor:${accountId}`;
const unsealed = (secrets: Secrets, factor: SecondFactor): string =>
  secrets.unseal(factor.secret_sealed, secondFactorPlace(factor.account_id));

interface SecondFactor {
  account_id: string;
  secret_sealed: string;
}

/**
 * Keeps a secret that waits for its first code, in the place of one that waited before.
 * @returns false when the account has a second factor.
 */
export async function beginSecondFactor(
  db: Database,
  secrets: Secrets,
  { accountId, secret, now }: { accountId: string; secret: string; now: Date },
): Promise<boolean> {
  const begun = await db.execute(sql`
    insert into identity.second_factors as f (account_id, secret_sealed, created_at)
    values (${accountId}, ${secrets.seal(secret, secondFactorPlace(accountId))}, ${now})
    on conflict (account_id) do update set secret_sealed = excluded.secret_sealed, created_at = excluded.created_at
    where f.confirmed_at is null`);
  return begun === 1;
}

/** The secret of an account that waits for its first code, locked; undefined when there is none, or when it has waited too long. */
export async function lockBegun(tx: Database, secrets: Secrets, accountId: string, now: Date): Promise<string | undefined> {
  const begun = await tx.maybe<SecondFactor>(sql`
    select account_id, secret_sealed from identity.second_factors
    where account_id = ${accountId} and confirmed_at is null and created_at > ${new Date(now.getTime() - CONFIRMED_WITHIN_MS)}
    for update`);
  return begun && unsealed(secrets, begun);
}

/** Makes the secret count. The step that confirmed it is spent. */
export const confirmSecondFactor = (tx: Database, accountId: string, { step, now }: { step: number; now: Date }) =>
  tx.execute(sql`
    update identity.second_factors set confirmed_at = ${now}, last_step = ${step} where account_id = ${accountId} and confirmed_at is null`);

/**
 * Takes a one-time code. Its step and all before it are spent by a guarded update, so that of several who send it at once
 * one is let in, and nobody later.
 */
export async function spendOneTimeCode(db: Database, secrets: Secrets, accountId: string, code: string, now: Date): Promise<boolean> {
  const factor = await db.maybe<SecondFactor>(sql`
    select account_id, secret_sealed from identity.second_factors where account_id = ${accountId} and confirmed_at is not null`);
  const step = factor && stepOf(unsealed(secrets, factor), code, now);
  if (step === undefined) return false;
  const spent = await db.execute(sql`
    update identity.second_factors set last_step = ${step}
    where account_id = ${accountId} and last_step < ${step} and secret_sealed = ${factor!.secret_sealed}`);
  return spent === 1;
}

/** Its recovery codes go with it. */
export const dropSecondFactor = (tx: Database, accountId: string) =>
  tx.execute(sql`delete from identity.second_factors where account_id = ${accountId}`);

/** What was begun and never confirmed is forgotten. */
export const forgetBegun = (db: Database, now: Date, limit: number) =>
  db.execute(sql`
    delete from identity.second_factors where account_id in (
      select account_id from identity.second_factors where confirmed_at is null and created_at < ${new Date(now.getTime() - CONFIRMED_WITHIN_MS)}
      order by created_at limit ${limit} for update skip locked)`);
