import { revokedHere } from '#authentication/revoked.ts';
import type { Whose } from '#kernel/account-life.ts';
import { findById } from './account.ts';
import { moveAccount, setRev } from './account-end.ts';
import type { Identity } from './context.ts';
import { isLastAdmin } from './last-admin.ts';
import { revoke } from './revocation.ts';

/**
 * Refuses the account all new calls and sign-ins, in every process, as suspension does; its sessions wait. One that is suspended is not
 * closed: reopening would let it in. Nor is the last admin, also when the last two close theirs at once.
 */
export async function closeAccount(ctx: Identity, { accountId }: Whose): Promise<boolean> {
  await ctx.db.transaction(async (tx) => {
    if (await isLastAdmin(tx, accountId, true)) return;
    if (await moveAccount(tx, accountId, { from: 'active', to: 'closing' }))
      await setRev(tx, accountId, await revoke(tx, 'account', accountId, ctx.clock.now()));
  });
  revokedHere();
  return (await findById(ctx.db, accountId))?.state === 'closing';
}

/** Lets a closed account in again: whoever is signed in refreshes their tokens. */
export async function reopenAccount(ctx: Identity, { accountId }: Whose): Promise<void> {
  await moveAccount(ctx.db, accountId, { from: 'closing', to: 'active' });
}
