import { lockAccount } from './account.ts';
import { countAttempt, type From, forgiveAttempts } from './attempts.ts';
import type { Identity } from './context.ts';
import { notifyOwner } from './notify-owner.ts';
import { wrongMfaCode } from './problems.ts';
import { countRecoveryCodes, isRecoveryCode, spendRecoveryCode } from './recovery-codes.ts';
import { spendOneTimeCode } from './second-factor.ts';

/**
 * Takes a one-time or a recovery code of the account: each is good once. The try is counted, as one `from` this place or session, before it is looked at, whatever
 * the other limits are: a million codes are soon guessed.
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

/** Takes a recovery code, and has the owner told how many are left: the lock lets those that are used at once come one after the other. */
const recover = (ctx: Identity, accountId: string, code: string, now: Date): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    await lockAccount(tx, accountId);
    if (!(await spendRecoveryCode(tx, ctx.secrets, accountId, code, now))) throw wrongMfaCode();
    await notifyOwner(ctx, tx, accountId, { what: 'recovery-code-used', left: await countRecoveryCodes(tx, accountId) });
  });
