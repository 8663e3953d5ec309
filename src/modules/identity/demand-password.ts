import { STEPPED_UP_MS } from '#kernel/step-up.ts';
import type { LivingAccount } from './account.ts';
import { countAttempt, forgiveAttempts } from './attempts.ts';
import type { Identity } from './context.ts';
import { isPassword } from './password.ts';
import { passwordRequired, wrongPassword } from './problems.ts';
import { openSessionsOf } from './session.ts';

/**
 * Guards what changes how an account signs in: an access token alone may be stolen. It takes the current password. An account
 * without a password needs a session that was opened in the last 10 minutes; refreshing opens none.
 * @throws passwordRequired, wrongPassword, tooMany
 */
export async function demandPassword(ctx: Identity, account: LivingAccount, password: string | undefined): Promise<void> {
  if (account.password_hash === null && (await isFreshSession(ctx, account.id))) return;
  if (account.password_hash === null || password === undefined) throw passwordRequired();
  await tryPassword(ctx, account, password);
}

/**
 * Compares a password with that of the account. Tries are counted by the session: a stolen one is no place to guess at leisure,
 * and does not keep the owner from signing in.
 * @throws wrongPassword, tooMany
 */
export async function tryPassword(ctx: Identity, account: LivingAccount, password: string): Promise<void> {
  const tried = { usernameIndex: account.username_index, session: ctx.actor.sessionId ?? ctx.actor.id };
  if (ctx.settings.rateLimits) await countAttempt(ctx, tried);
  if (!(await isPassword(ctx, password, account.password_hash))) throw wrongPassword();
  if (ctx.settings.rateLimits) await forgiveAttempts(ctx, tried);
}

/** Whether the caller's session was opened in the last 10 minutes. */
export async function isFreshSession({ actor, clock, db }: Identity, accountId: string): Promise<boolean> {
  if (actor.sessionId === null) return false;
  const [session] = await openSessionsOf(db, accountId, clock.now(), actor.sessionId);
  return session !== undefined && clock.now().getTime() - session.created_at.getTime() < STEPPED_UP_MS;
}
