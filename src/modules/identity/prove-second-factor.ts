import { countAttempt, forgiveAttempts } from './attempts.ts';
import type { Identity } from './context.ts';
import { wrongMfaCode } from './problems.ts';
import { isRecoveryCode, spendRecoveryCode } from './recovery-codes.ts';
import { spendOneTimeCode } from './second-factor.ts';

/**
 * Takes a one-time or a recovery code of the account: each is good once. The try is counted before it is looked at, whatever
 * the other limits are: a million codes are soon guessed.
 * @throws wrongMfaCode also for a code that was used before. @throws tooMany after five failures in a quarter of an hour.
 */
export async function proveSecondFactor(ctx: Identity, accountId: string, code: string): Promise<void> {
  const now = ctx.clock.now();
  const tried = { secondFactorOf: accountId };
  await countAttempt(ctx.db, ctx.secrets, tried, now);
  const spend = isRecoveryCode(code) ? spendRecoveryCode : spendOneTimeCode;
  if (!(await spend(ctx.db, ctx.secrets, accountId, code, now))) throw wrongMfaCode();
  await forgiveAttempts(ctx.db, ctx.secrets, tried);
}
