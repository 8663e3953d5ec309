import { revokedHere } from '#authentication/revoked.ts';
import { lockAccount, setSecondFactor } from './account.ts';
import type { Identity } from './context.ts';
import { notifyOwner } from './notify-owner.ts';
import { noSecondFactor } from './problems.ts';
import { revoke } from './revocation.ts';
import { dropSecondFactor } from './second-factor.ts';

/**
 * Takes the second factor away, with its recovery codes. All access tokens of the account die, this one too: they speak of
 * a factor that is gone, and their holders refresh.
 * @throws noSecondFactor also when it was enrolled this very moment: the token of this call has not proven it.
 */
export async function removeTotp(ctx: Identity): Promise<undefined> {
  const { id, mfaEnrolled } = ctx.actor;
  await ctx.db.transaction(async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account?.has_second_factor || !mfaEnrolled) throw noSecondFactor();
    await dropSecondFactor(tx, id);
    await notifyOwner(ctx, tx, id, { what: 'second-factor-removed' });
    await setSecondFactor(tx, id, false, await revoke(tx, 'account', id, ctx.clock.now()));
  });
  revokedHere();
}
