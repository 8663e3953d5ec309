import type { z } from 'zod';
import { enqueue } from '#kernel/events.ts';
import { demandVersion } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import { demandStepUp } from '#kernel/step-up.ts';
import { emailColumns, emailIndex, findById, type LivingAccount, lockAccount, setPersonal } from './account.ts';
import { voidCode } from './code.ts';
import type { Identity } from './context.ts';
import type { Customer, CustomerChanges, identity } from './contract.ts';
import { customerOf } from './customer.ts';
import { demandPassword } from './demand-password.ts';
import { sendCode } from './jobs.ts';
import { notifyOwner } from './notify-owner.ts';
import { giveCode } from './open-account.ts';
import { type PersonalDetails, refuseImpossibleBirth, sealDetails, unsealDetails } from './personal-details.ts';
import { passwordRequired } from './problems.ts';

type Wanted = z.infer<typeof identity.operations.changeCustomer.input>;

/**
 * Changes the personal data of an account. A new email has no effect until it is confirmed with its code. In the same transaction
 * the codes that went to the old address become void, and the old address gets an email if it was confirmed. The reader of the
 * mail can set the password, so a new email needs the current password, or the second factor if there is one. Of two calls with
 * the same version one succeeds: the row is locked.
 */
export async function changeCustomer(
  ctx: Identity,
  { accountId, changes: { currentPassword, ...changes }, ifMatch }: Wanted,
): Promise<Customer> {
  const now = ctx.clock.now();
  refuseImpossibleBirth(changes.birthDate, now);
  const provenHash = await demandProof(ctx, accountId, changes.email, currentPassword);
  const account = await ctx.db.transaction(async (tx) => {
    const before = await lockAccount(tx, accountId);
    if (!before) throw notFound();
    demandVersion(ifMatch, before.version);
    if (Object.keys(changes).length === 0) return before;
    const details = changed(unsealDetails(ctx.secrets, accountId, before.details_sealed ?? ''), changes);
    const isOther = isOtherEmail(ctx, before, changes.email);
    if (isOther) demandFactor(ctx, before);
    if (isOther && !before.has_second_factor && provenHash !== before.password_hash) throw passwordRequired();
    const email = isOther
      ? { ...emailColumns(ctx.secrets, accountId, changes.email), email_confirmed_at: null }
      : { email_sealed: before.email_sealed, email_index: before.email_index, email_confirmed_at: before.email_confirmed_at };
    if (isOther) await notifyOwner(ctx, tx, accountId, { what: 'email-changed' });
    const after = await setPersonal(tx, accountId, {
      ...email,
      details_sealed: sealDetails(ctx.secrets, accountId, details),
      language: changes.language === undefined ? before.language : changes.language,
      time_zone: changes.timeZone === undefined ? before.time_zone : changes.timeZone,
    });
    if (isOther) for (const purpose of ['email', 'password'] as const) await voidCode(tx, accountId, purpose, now);
    const code = isOther && after.email_index ? await giveCode(ctx, tx, after, 'email') : undefined;
    if (code) enqueue(tx, sendCode, code);
    return after;
  });
  return customerOf(ctx.secrets, account, now);
}

/**
 * Checks the password before the row is locked, because that takes long. Each try counts, even if the call fails later.
 * @returns the hash that was proven (null where the account has none); undefined where nothing was asked.
 */
async function demandProof(ctx: Identity, accountId: string, email: string | null | undefined, password: string | undefined) {
  const seen = email === undefined ? undefined : await findById(ctx.db, accountId);
  if (!seen || !isOtherEmail(ctx, seen, email)) return undefined;
  demandFactor(ctx, seen);
  if (seen.has_second_factor) return undefined;
  await demandPassword(ctx, seen, password);
  return seen.password_hash;
}

const demandFactor = (ctx: Identity, { has_second_factor }: LivingAccount): void =>
  demandStepUp({ ...ctx.actor, mfaEnrolled: has_second_factor }, { mfaRoles: ctx.settings.mfaRoles, now: ctx.clock.now() });

/** What is absent stays, null empties; a person has an age or a date of birth. */
function changed(
  before: PersonalDetails,
  { email: _, language: _language, timeZone: _timeZone, ...changes }: Omit<CustomerChanges, 'currentPassword'>,
): PersonalDetails {
  const after: Record<string, unknown> = { ...before, ...changes };
  if (typeof changes.age === 'number') after.birthDate = null;
  if (typeof changes.birthDate === 'string') after.age = null;
  return Object.fromEntries(Object.entries(after).filter(([, value]) => value !== null && value !== undefined)) as PersonalDetails;
}

/** The same address in other letters is the same address. */
const isOtherEmail = (ctx: Identity, before: LivingAccount, email: string | null | undefined): boolean =>
  email !== undefined && (email === null ? before.email_index !== null : emailIndex(ctx.secrets, email) !== before.email_index);
