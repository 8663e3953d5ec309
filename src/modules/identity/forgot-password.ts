import { z } from 'zod';
import { enqueue } from '#kernel/events.ts';
import { emailOf, findByConfirmedEmail, findById, findByUsername } from './account.ts';
import { fingerprintOf, isCurrent, unsealCode } from './code.ts';
import type { Identity } from './context.ts';
import { codeValues, emailTo } from './emails.ts';
import { type SendCode, sendResetCode, startReset, type Whom } from './jobs.ts';
import { NAMES_ONE, type Named, namedFields, namesOne, whose } from './named.ts';
import { giveCode } from './open-account.ts';
import { placeOf } from './place.ts';

export const ForgotPassword = z
  .strictObject(namedFields)
  .refine(namesOne, NAMES_ONE)
  .meta({ id: 'ForgotPassword', example: { email: 'jane@example.com' } });

export const ForgottenPassword = z.object({ message: z.string() });
export const FORGOTTEN = { message: 'If there is such an account with a confirmed email address, a code has been sent to it.' };

/**
 * Asks for a code to set a new password with. Whether there is such an account is found out by a job, so that the answer is
 * the same in words and time.
 */
export async function forgotPassword(ctx: Identity, input: Named): Promise<z.infer<typeof ForgottenPassword>> {
  await ctx.db.transaction(async (tx) => enqueue(tx, startReset, { ...whose(ctx.secrets, input), place: placeOf(ctx) }));
  return FORGOTTEN;
}

/** Gives a code to the active account of that name, if it has a confirmed address. */
export async function runStartReset(ctx: Identity, { place, ...meant }: Whom): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const account =
      'emailIndex' in meant ? await findByConfirmedEmail(tx, meant.emailIndex) : await findByUsername(tx, meant.usernameIndex);
    if (account?.state !== 'active' || !account.email_confirmed_at) return;
    const code = await giveCode(ctx, tx, account, 'password', place);
    if (code) enqueue(tx, sendResetCode, code);
  });
}

/** Mails the code. One that was replaced or used meanwhile is not sent; run twice, the job sends once. */
export async function runSendResetCode(ctx: Identity, given: SendCode): Promise<void> {
  const { accountId } = given;
  const account = await findById(ctx.db, accountId);
  const to = account && emailOf(ctx.secrets, account);
  if (!to) return;
  const code = unsealCode(ctx.secrets, given);
  const fingerprint = fingerprintOf(ctx.secrets, accountId, 'password', code.short);
  if (!(await isCurrent(ctx.db, accountId, 'password', fingerprint))) return;
  await ctx.email.send({
    key: `identity.reset:${accountId}:${fingerprint}:${given.mailing}`,
    to,
    ...emailTo(ctx, account, 'reset-code', codeValues(code)),
  });
}
