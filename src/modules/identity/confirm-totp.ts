import { z } from 'zod';
import { revokedHere } from '#authentication/revoked.ts';
import { unauthenticated } from '#kernel/problems.ts';
import { withoutSpaces } from '#kernel/shapes.ts';
import { findById, lockAccount, setSecondFactor } from './account.ts';
import { countAttempt, forgiveAttempts } from './attempts.ts';
import type { Identity } from './context.ts';
import { notifyOwner } from './notify-owner.ts';
import { ownSession } from './own-session.ts';
import { mfaEnrolled, noSecondFactor, wrongMfaCode } from './problems.ts';
import { newRecoveryCodes, RecoveryCodes, storeRecoveryCodes } from './recovery-codes.ts';
import { revoke } from './revocation.ts';
import { confirmSecondFactor, lockBegun, stepOf } from './second-factor.ts';
import { isOpen } from './session.ts';
import { AccessToken, issueAccessToken } from './tokens.ts';

export const ConfirmTotp = z
  .strictObject({
    code: withoutSpaces().regex(/^\d{6}$/, 'has six digits'),
  })
  .meta({ id: 'ConfirmTotp', example: { code: '402518' } });

export const EnrolledTotp = AccessToken.extend(RecoveryCodes.shape).meta({ id: 'EnrolledTotp' });

/**
 * Makes the second factor count, once its first code shows that the app has the secret. All access tokens of the account die,
 * since none of them speaks of it; this session is stepped up with a new one, the others refresh.
 */
export async function confirmTotp(ctx: Identity, { code }: z.infer<typeof ConfirmTotp>): Promise<z.infer<typeof EnrolledTotp>> {
  const now = ctx.clock.now();
  const { id } = ctx.actor;
  const sessionId = ownSession(ctx);
  if ((await findById(ctx.db, id))?.has_second_factor) throw mfaEnrolled(); // no failure, so not counted
  await countAttempt(ctx, { secondFactorOf: id, session: sessionId });
  const recoveryCodes = newRecoveryCodes();
  const account = await ctx.db.transaction(async (tx) => {
    const before = await lockAccount(tx, id);
    if (before?.state !== 'active' || !(await isOpen(tx, sessionId, now))) throw unauthenticated();
    if (before.has_second_factor) throw mfaEnrolled();
    const secret = await lockBegun(tx, ctx.secrets, id, now);
    if (!secret) throw noSecondFactor();
    const step = stepOf(secret, code, now);
    if (step === undefined) throw wrongMfaCode();
    await confirmSecondFactor(tx, id, { step, now });
    await storeRecoveryCodes(tx, ctx.secrets, id, recoveryCodes);
    await notifyOwner(ctx, tx, id, { what: 'second-factor-enrolled' });
    return setSecondFactor(tx, id, true, await revoke(tx, 'account', id, now));
  });
  revokedHere();
  await forgiveAttempts(ctx, { secondFactorOf: id, session: sessionId });
  return { ...(await issueAccessToken(ctx, account, sessionId, now)), recoveryCodes };
}
