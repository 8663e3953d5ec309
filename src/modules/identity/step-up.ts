import { z } from 'zod';
import { unauthenticated } from '#kernel/problems.ts';
import { findById, lockAccount } from './account.ts';
import type { Identity } from './context.ts';
import { ownSession } from './own-session.ts';
import { noSecondFactor } from './problems.ts';
import { proveSecondFactor } from './prove-second-factor.ts';
import { MfaCode } from './second-factor.ts';
import { isOpen } from './session.ts';
import { type AccessToken, issueAccessToken } from './tokens.ts';

export const StepUp = z.strictObject({ code: MfaCode }).meta({ id: 'StepUp', example: { code: '402518' } });

/**
 * Returns an access token of the same session that allows calls marked (MFA) for ten minutes. The session is read again while the
 * account is locked. If it has ended before, this is refused; if it ends later, the token becomes void.
 */
export async function stepUp(ctx: Identity, { code }: z.infer<typeof StepUp>): Promise<AccessToken> {
  const { id } = ctx.actor;
  const sessionId = ownSession(ctx);
  if (!(await findById(ctx.db, id))?.has_second_factor) throw noSecondFactor();
  await proveSecondFactor(ctx, id, code, { session: sessionId });
  const now = ctx.clock.now();
  const account = await ctx.db.transaction(async (tx) => {
    const locked = await lockAccount(tx, id);
    return locked?.state === 'active' && (await isOpen(tx, sessionId, now)) ? locked : undefined;
  });
  if (!account) throw unauthenticated();
  return issueAccessToken(ctx, account, sessionId, now);
}
