import { signInAgain } from '#kernel/problems.ts';
import { STEPPED_UP_MS } from '#kernel/step-up.ts';
import type { Identity } from './context.ts';
import { isFreshSession } from './demand-password.ts';

/**
 * Guards what cannot be undone: a stolen access or refresh token is not enough. It takes a session that was opened in the last 10
 * minutes, in whichever way its owner signs in; a token of an outside issuer says itself when its bearer was let in. Who has a
 * second factor has proven it lately: the route is marked (MFA).
 * @throws signInAgain
 */
export async function demandFreshSignIn(ctx: Identity): Promise<Record<string, never>> {
  const { actor, clock } = ctx;
  if (actor.mfaEnrolled) return {};
  const isFresh = actor.signedInAt ? clock.now().getTime() - actor.signedInAt * 1000 < STEPPED_UP_MS : await isFreshSession(ctx, actor.id);
  if (!isFresh) throw signInAgain();
  return {};
}
