import { emailOf, findByConfirmedEmail, findById } from './account.ts';
import { fingerprintOf, isCurrent, unsealCode } from './code.ts';
import type { Identity } from './context.ts';
import { alreadyKnownEmail, codeEmail } from './emails.ts';

/**
 * Mails a code to the address that its account waits to confirm. Where the address belongs to another account already, its
 * owner gets a notice instead. A code that was replaced meanwhile is not sent; run twice, the job sends once.
 */
export async function runSendCode(ctx: Identity, { accountId, sealedCode }: { accountId: string; sealedCode: string }): Promise<void> {
  const account = await findById(ctx.db, accountId);
  const to = account && emailOf(ctx.secrets, account);
  if (!account?.email_index || !to || account.email_confirmed_at) return;
  const code = unsealCode(ctx.secrets, accountId, sealedCode);
  const fingerprint = fingerprintOf(ctx.secrets, accountId, 'email', code);
  if (!(await isCurrent(ctx.db, accountId, 'email', fingerprint))) return;
  const owner = await findByConfirmedEmail(ctx.db, account.email_index);
  const email = owner ? alreadyKnownEmail({ username: owner.username }) : codeEmail({ username: account.username, code });
  await ctx.email.send({ key: `identity.code:${accountId}:${fingerprint}`, to, ...email });
  ctx.log.info({ account: accountId }, 'a code was mailed');
}
