import type { Database, Transaction } from '#kernel/database.ts';
import { keyColumns } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import type { Key } from '#kernel/routes.ts';
import {
  type AccountRow,
  emailColumns,
  forgetOldestUnconfirmed,
  insertAccount,
  type LivingAccount,
  lockClaims,
  takenUsernames,
} from './account.ts';
import type { AccountState } from './account-state.ts';
import { forgiveCodeTries, mayBeMailed } from './attempts.ts';
import { type CodePurpose, codeToMail, sealCode } from './code.ts';
import type { Identity } from './context.ts';
import { type PersonalDetails, sealDetails } from './personal-details.ts';
import { placeOf } from './place.ts';
import { isReservedName, usernameIndex, usernamesFrom } from './username.ts';

export interface Opening {
  username: string;
  /** Null for an account that an outside provider has proven: no password opens it until one is set. */
  passwordHash: string | null;
  state: Extract<AccountState, 'unconfirmed' | 'active'>;
  details: PersonalDetails;
  email: string | null | undefined;
  /** The address counts as confirmed: for accounts that Souk makes itself. */
  isEmailConfirmed?: boolean;
  /** The address is the name that the account signs in by, unproven as it is. */
  claimsEmail?: boolean;
  key?: Key | undefined;
}

/**
 * Writes the row of a new account, as every way in does: personal data sealed, the call's key on the row.
 * @returns undefined when the name or the key is taken.
 */
export async function openAccount(ctx: Identity, tx: Transaction, opening: Opening): Promise<LivingAccount | undefined> {
  const id = newId();
  const now = ctx.clock.now();
  const row = {
    id,
    username: opening.username,
    username_index: usernameIndex(ctx.secrets, opening.username),
    password_hash: opening.passwordHash,
    state: opening.state,
    ...emailColumns(ctx.secrets, id, opening.email),
    email_confirmed_at: opening.isEmailConfirmed && opening.email ? now : null,
    claims_email: opening.claimsEmail ?? false,
    details_sealed: sealDetails(ctx.secrets, id, opening.details),
    ...keyColumns(opening.key),
    created_at: now,
  };
  const claimed = opening.state === 'unconfirmed' ? row.email_index : null;
  if (claimed) await lockClaims(tx, claimed);
  if (!(await insertAccount(tx, row))) return undefined;
  if (claimed) await forgetOldestUnconfirmed(tx, claimed, now);
  return { ...row, language: null, time_zone: null, roles: [], rev: 0, version: 1, has_second_factor: false };
}

/** Names made from a full name that are free at the moment, the best first. */
export async function freeUsernames(ctx: Identity, db: Database, fullName: string): Promise<string[]> {
  const names = usernamesFrom(fullName);
  const indexOf = (name: string) => usernameIndex(ctx.secrets, name);
  const taken = await takenUsernames(db, names.map(indexOf));
  const free = names.filter((name) => !taken.has(indexOf(name)));
  return (await isReservedName(db, free[0] ?? '')) ? free.slice(1) : free;
}

/**
 * Gives the account a code, and returns what the job that mails it needs, with the code sealed. Undefined if this place has asked
 * for too many, or the address has had too many. That job finds out whether the address belongs to somebody already, so the time of
 * the reply does not show it.
 */
export async function giveCode(
  ctx: Identity,
  tx: Transaction,
  { id: accountId, email_index: to }: Pick<AccountRow, 'id' | 'email_index'>,
  purpose: CodePurpose,
  place: string = placeOf(ctx),
): Promise<ReturnType<typeof sealCode> | undefined> {
  if (!(await mayBeMailed(tx, ctx, { accountId, purpose, place, to: ctx.settings.rateLimits ? to : null }))) return undefined;
  const given = await codeToMail({ ...ctx, db: tx }, { accountId, purpose });
  if (given && given.mailing > 1) await forgiveCodeTries(tx, ctx.secrets, { accountId, purpose, fingerprint: given.fingerprint, place });
  return given && sealCode(ctx.secrets, accountId, given);
}
