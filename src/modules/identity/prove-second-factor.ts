import { lockAccount } from './account.ts';
import { countAttempt, type From, forgiveAttempts } from './attempts.ts';
import type { Identity } from './context.ts';
import { notifyOwner } from './notify-owner.ts';
import { wrongMfaCode } from './problems.ts';
import { countRecoveryCodes, isRecoveryCode, spendRecoveryCode } from './recovery-codes.ts';
import { spendOneTimeCode } from './second-factor.ts';

/**
 * Takes a one-time or a recovery code of the account; each is valid once. The try is counted for this place or session before the
 * code is checked, in addition to the other limits, because a million codes are soon guessed.
 * @throws wrongMfaCode also for a code that was used before. @throws tooMany after five failures in a quarter of an hour.
 */
export async function proveSecondFactor(ctx: Identity, accountId: string, code: string, from: From): Promise<void> {
  const now = ctx.clock.now();
  const tried = { secondFactorOf: accountId, ...from };
  await countAttempt(ctx, tried);
  if (isRecoveryCode(code)) await recover(ctx, accountId, code, now);
  else if (!(await spendOneTimeCode(ctx.db, ctx.secrets, accountId, code, now))) throw wrongMfaCode();
  await forgiveAttempts(ctx, tried);
}

/** Takes a recovery code and emails the owner how many are left. The lock makes codes that come at the same time wait for each other. */
const recover = (ctx: Identity, accountId: string, code: string, now: Date): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    await lockAccount(tx, accountId);
    if (!(await spendRecoveryCode(tx, ctx.secrets, accountId, code, now))) throw wrongMfaCode();
    await notifyOwner(ctx, tx, accountId, { what: 'recovery-code-used', left: await countRecoveryCodes(tx, accountId) });
  });
