import { revokedHere } from '#authentication/revoked.ts';
import { notFound } from '#kernel/problems.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { lockAccount, setSecondFactor } from './account.ts';
import type { Identity } from './context.ts';
import { notifyOwner } from './notify-owner.ts';
import { noSecondFactor } from './problems.ts';
import { revoke } from './revocation.ts';
import { dropSecondFactor } from './second-factor.ts';
import { endSessions } from './session.ts';

/**
 * Removes a lost second factor with its recovery codes, for an operator who has made sure that the owner asks for it. All sessions
 * end too, because the finder of the lost telephone may use one. The owner gets an email.
 * @throws notFound for an account that nobody has confirmed, or that is leaving.
 */
export async function removeSecondFactor(ctx: Identity, { accountId }: { accountId: string }): Promise<Nothing> {
  const now = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    const account = await lockAccount(tx, accountId);
    if (!account) throw notFound();
    if (!account.has_second_factor) throw noSecondFactor();
    await dropSecondFactor(tx, accountId);
    await notifyOwner(ctx, tx, accountId, { what: 'second-factor-taken-away' });
    await endSessions(tx, accountId, { by: 'lost-factor', except: null, now });
    await setSecondFactor(tx, accountId, false, await revoke(tx, 'account', accountId, now));
  });
  revokedHere();
  return {};
}
