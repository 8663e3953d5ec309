import { z } from 'zod';
import { revokedHere } from '#authentication/revoked.ts';
import { lockAccount, setPassword } from './account.ts';
import { Code, markUsed, tryCode } from './code.ts';
import type { Identity } from './context.ts';
import { dropLinks } from './link.ts';
import { NAMES_ONE, type Named, namedFields, namesOne, whose } from './named.ts';
import { notifyOwner } from './notify-owner.ts';
import { hashPassword, NewPassword } from './password.ts';
import { dropPlaces, placeOf, rememberPlace } from './place.ts';
import { wrongCode } from './problems.ts';
import { revoke } from './revocation.ts';
import { endSessions } from './session.ts';

export const ResetPassword = z
  .strictObject({ ...namedFields, code: Code, newPassword: NewPassword })
  .refine(namesOne, NAMES_ONE)
  .meta({ id: 'ResetPassword', example: { email: 'jane@example.com', code: '402518', newPassword: 'a better horse battery' } });

/**
 * Sets a new password for a caller who has the mailed code. All sessions end in every process, and links to providers and known
 * places are removed: a person who knew the old password is out. A provider of the owner is linked again by the email at its next
 * sign-in.
 * @throws wrongCode also when there is no such account.
 */
export async function resetPassword(ctx: Identity, input: Named & { code: string; newPassword: string }): Promise<undefined> {
  const now = ctx.clock.now();
  const hit = await tryCode(ctx, { whose: whose(ctx.secrets, input), purpose: 'password', code: input.code });
  if (!hit || hit.isUsed) throw wrongCode();
  const passwordHash = await hashPassword(ctx, input.newPassword);
  await ctx.db.transaction(async (tx) => {
    const account = await lockAccount(tx, hit.accountId);
    if (account?.state !== 'active' || !(await markUsed(tx, account.id, 'password', now, hit.fingerprint))) throw wrongCode();
    await notifyOwner(ctx, tx, account.id, { what: 'new-password' });
    await dropLinks(tx, account.id);
    await dropPlaces(tx, account.id);
    await rememberPlace(tx, account.id, placeOf(ctx), now);
    await endSessions(tx, account.id, { by: 'password', except: null, now });
    await setPassword(tx, account.id, passwordHash, await revoke(tx, 'account', account.id, now));
  });
  revokedHere();
}
