import type { z } from 'zod';
import { lockAccount } from './account.ts';
import type { Identity } from './context.ts';
import { notifyOwner } from './notify-owner.ts';
import { noSecondFactor } from './problems.ts';
import { newRecoveryCodes, type RecoveryCodes, storeRecoveryCodes, voidRecoveryCodes } from './recovery-codes.ts';

/**
 * Ten new recovery codes that replace the earlier ones, used or not. Of several calls at the same time the codes of the last one
 * are valid: the account is locked, and each call voids the codes that it finds.
 * @throws noSecondFactor also when it was enrolled this very moment: the token of this call has not proven it.
 */
export async function renewRecoveryCodes(ctx: Identity): Promise<z.infer<typeof RecoveryCodes>> {
  const { id, mfaEnrolled } = ctx.actor;
  const recoveryCodes = newRecoveryCodes();
  await ctx.db.transaction(async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account?.has_second_factor || !mfaEnrolled) throw noSecondFactor();
    await voidRecoveryCodes(tx, id);
    await storeRecoveryCodes(tx, ctx.secrets, id, recoveryCodes);
    await notifyOwner(ctx, tx, id, { what: 'recovery-codes-renewed' });
  });
  return { recoveryCodes };
}
