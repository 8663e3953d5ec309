import { emailOf, findById } from './account.ts';
import type { Identity } from './context.ts';
import { newPasswordLetter } from './letters.ts';

/** Tells the owner of an account that its password is another one: if it was not them, they must know. */
export async function runTellNewPassword(ctx: Identity, { accountId, version }: { accountId: string; version: number }): Promise<void> {
  const account = await findById(ctx.db, accountId);
  const to = account?.email_confirmed_at && emailOf(ctx.secrets, account);
  if (!to) return;
  await ctx.email.send({ key: `identity.new-password:${accountId}:${version}`, to, ...newPasswordLetter({ username: account.username }) });
}
