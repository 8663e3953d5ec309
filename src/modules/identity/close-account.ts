import { revokedHere } from '#authentication/revoked.ts';
import type { Whose } from '#kernel/account-life.ts';
import { findById, lockAccount } from './account.ts';
import { setClosing, setReopened } from './account-end.ts';
import type { Identity } from './context.ts';
import { leavesNoAdmin } from './last-admin.ts';
import { revoke } from './revocation.ts';

/**
 * Refuses the account all new calls and sign-ins, in every process, as suspension does; its sessions wait. One that is suspended is not
 * closed: reopening would let it in. Nor is the last admin, also when the last two close theirs at once.
 */
export async function closeAccount(ctx: Identity, { accountId }: Whose): Promise<boolean> {
  const closing = ctx.db.transaction(async (tx) => {
    if ((await lockAccount(tx, accountId))?.state === 'active')
      await setClosing(tx, accountId, await revoke(tx, 'account', accountId, ctx.clock.now()));
  });
  await closing.catch((error) => {
    if (!leavesNoAdmin(error)) throw error;
  });
  revokedHere();
  return (await findById(ctx.db, accountId))?.state === 'closing';
}

/** Opens a closed account again. Clients that are signed in refresh their tokens. */
export async function reopenAccount(ctx: Identity, { accountId }: Whose): Promise<void> {
  await setReopened(ctx.db, accountId);
}
