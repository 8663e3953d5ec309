import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { type Database, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { RECOVERY_CODE } from './contract.ts';

export const RecoveryCodes = z
  .object({
    recoveryCodes: z.array(z.string()).meta({
      description: 'Ten codes. Each is valid once in place of a one-time code. They are never shown again',
      example: ['k7wqa-fz2mx'],
    }),
  })
  .meta({ id: 'RecoveryCodes' });

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const COUNT = 10;

/** Fifty bits of chance each. */
export const newRecoveryCodes = (): string[] =>
  Array.from({ length: COUNT }, () => {
    const letters = [...randomBytes(10)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
    return `${letters.slice(0, 5)}-${letters.slice(5)}`;
  });

export const isRecoveryCode = (code: string): boolean => new RegExp(`^${RECOVERY_CODE}$`).test(code);

/** A keyed hash, the same for every way to write the code. */
const fingerprintOf = (secrets: Secrets, accountId: string, code: string): string =>
  secrets.fingerprint(code.toLowerCase().replaceAll(/[- ]/g, ''), `identity.recovery-code:${accountId}`);

export const storeRecoveryCodes = (tx: Database, secrets: Secrets, accountId: string, codes: readonly string[]) =>
  tx.execute(sql`
    insert into identity.recovery_codes (account_id, fingerprint)
    select ${accountId}, code.fingerprint from unnest(${codes.map((code) => fingerprintOf(secrets, accountId, code))}::text[]) as code (fingerprint)`);

/** After this none of them is valid, used or not. */
export const voidRecoveryCodes = (tx: Database, accountId: string) =>
  tx.execute(sql`delete from identity.recovery_codes where account_id = ${accountId}`);

/** Takes a recovery code, once. @returns false when it is none of the account's, or was used before. */
export const spendRecoveryCode = async (db: Database, secrets: Secrets, accountId: string, code: string, now: Date): Promise<boolean> =>
  (await db.execute(sql`
    update identity.recovery_codes set used_at = ${now}
    where account_id = ${accountId} and fingerprint = ${fingerprintOf(secrets, accountId, code)} and used_at is null`)) === 1;

/** How many are still valid. */
export const countRecoveryCodes = async (db: Database, accountId: string): Promise<number> =>
  (
    await db.one<{ left: number }>(sql`
    select count(*)::int as left from identity.recovery_codes where account_id = ${accountId} and used_at is null`)
  ).left;
