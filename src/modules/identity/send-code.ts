import { emailOf, findByConfirmedEmail, findById } from './account.ts';
import { fingerprintOf, isCurrent, unsealCode } from './code.ts';
import type { Identity } from './context.ts';
import { codeValues, emailTo } from './emails.ts';
import type { SendCode } from './jobs.ts';

/**
 * Mails a code to the address that its account waits to confirm. Where the address belongs to another account already, its
 * owner gets a notice instead. A code that was replaced meanwhile is not sent; run twice, the job sends once.
 */
export async function runSendCode(ctx: Identity, given: SendCode): Promise<void> {
  const { accountId } = given;
  const account = await findById(ctx.db, accountId);
  const to = account && emailOf(ctx.secrets, account);
  if (!account?.email_index || !to || account.email_confirmed_at) return;
  const code = unsealCode(ctx.secrets, given);
  const fingerprint = fingerprintOf(ctx.secrets, accountId, 'email', code.short);
  if (!(await isCurrent(ctx.db, accountId, 'email', fingerprint))) return;
  const owner = await findByConfirmedEmail(ctx.db, account.email_index);
  const email = owner ? emailTo(ctx, owner, 'already-known', {}) : emailTo(ctx, account, 'code', codeValues(code));
  const outcome = await ctx.email.send({ key: `identity.code:${accountId}:${fingerprint}:${given.mailing}`, to, ...email });
  ctx.log.info({ account: accountId }, outcome === 'sent' ? 'a code was mailed' : 'the mail server refuses the address of an account');
}
