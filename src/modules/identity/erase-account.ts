import { revokedHere } from '#authentication/revoked.ts';
import type { Whose } from '#kernel/account-life.ts';
import { emptyAccount } from './account-end.ts';
import { dropCodes } from './code.ts';
import type { Identity } from './context.ts';
import { dropLinks } from './link.ts';
import { dropPendingEmails } from './pending-email.ts';
import { dropPlaces } from './place.ts';
import { revoke } from './revocation.ts';
import { dropSecondFactor } from './second-factor.ts';
import { endSessions } from './session.ts';

/** Empties a closed account. This cannot be undone. Its id stays, for the books, and the index of its name, so that nobody else gets it. */
export async function eraseAccount(ctx: Identity, { accountId }: Whose): Promise<void> {
  const now = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    if (!(await emptyAccount(tx, accountId))) return;
    await dropCodes(tx, accountId);
    await dropPendingEmails(tx, accountId);
    await dropSecondFactor(tx, accountId);
    await dropLinks(tx, accountId);
    await dropPlaces(tx, accountId);
    await endSessions(tx, accountId, { by: 'erasure', except: null, now });
    await revoke(tx, 'account', accountId, now);
  });
  revokedHere();
}
