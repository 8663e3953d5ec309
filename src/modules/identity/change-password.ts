import { z } from 'zod';
import { revokedHere } from '#authentication/revoked.ts';
import { unauthenticated } from '#kernel/problems.ts';
import { findById, lockAccount, setPassword } from './account.ts';
import type { Identity } from './context.ts';
import { TriedPassword } from './contract.ts';
import { tryPassword } from './demand-password.ts';
import { notifyOwner } from './notify-owner.ts';
import { hashPassword, NewPassword } from './password.ts';
import { wrongPassword } from './problems.ts';
import { revokeSessions } from './revocation.ts';
import { endSessions } from './session.ts';

export const ChangePassword = z
  .strictObject({ currentPassword: TriedPassword, newPassword: NewPassword })
  .meta({ id: 'ChangePassword', example: { currentPassword: 'correct horse battery', newPassword: 'a better horse battery' } });

/**
 * Sets a new password for a caller who knows the current one. This session continues. All other sessions of the account end at once.
 * @throws wrongPassword also when somebody else has changed it this very moment.
 */
export async function changePassword(ctx: Identity, input: z.infer<typeof ChangePassword>): Promise<undefined> {
  const before = await findById(ctx.db, ctx.actor.id);
  if (!before) throw unauthenticated();
  await tryPassword(ctx, before, input.currentPassword);
  const passwordHash = await hashPassword(ctx, input.newPassword);
  const now = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    const account = await lockAccount(tx, before.id);
    if (account?.password_hash !== before.password_hash) throw wrongPassword();
    await notifyOwner(ctx, tx, account.id, { what: 'new-password' });
    const ended = await endSessions(tx, account.id, { by: 'password', except: ctx.actor.sessionId, now });
    await setPassword(tx, account.id, passwordHash, account.rev);
    if (ended.length > 0) await revokeSessions(tx, ended, now);
  });
  revokedHere();
}
