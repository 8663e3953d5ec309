import { emailNotVerified, type LinkedAccount } from '#identity';
import { minutes } from '#kernel/clock.ts';
import type { Actor } from '#kernel/context.ts';
import type { Permissions } from '#kernel/permissions.ts';
import { Problem, unauthenticated } from '#kernel/problems.ts';
import type { AuthenticatorParts, Verified } from './authenticator.ts';
import type { OutsideIssuer } from './outside-issuer.ts';

/** Not longer than revocations are remembered, or one could be missed. */
const LOOK_AGAIN_MS = minutes(10);

/**
 * A token of the outside issuer: whom it speaks of leads to an account of ours, and that says who calls and what they may.
 * Later looks go by the link alone, so that an account that was erased does not come back by a token that is still alive.
 */
export async function verifyOutside(
  token: string,
  { identity, clock, permissions }: AuthenticatorParts,
  outside: OutsideIssuer,
): Promise<Verified> {
  const { expiresAtMs, subject, signedInAt, ...words } = await outside.recognise(token);
  const provider = `issuer:${outside.issuer}`;
  const look = async (told: typeof words): Promise<Verified> => {
    const byMs = clock.now().getTime() + LOOK_AGAIN_MS;
    const { account } = await identity.accountOfLink({ provider, subject, ...told }).catch(refuse);
    const lookAgain = () => look({ email: null, emailVerified: false, fullName: null });
    const actor = { ...linkedActor(account, permissions), signedInAt };
    return { actor, sessionId: null, accountId: account.id, rev: account.rev, expiresAtMs, outside: { lookAgain, byMs } };
  };
  return look(words);
}

const NOT_LINKED =
  'No account here belongs to this token. One is found or opened by an email that the issuer has verified: send a token that says so ' +
  '(an ID token), once; after that any token of the same person will do.';

/** An account that may not sign in is no caller, even with a valid token of the issuer. */
function refuse(error: unknown): never {
  if (emailNotVerified.is(error)) throw unauthenticated({ reason: NOT_LINKED });
  throw error instanceof Problem && error.status === 403 ? unauthenticated({ reason: error.message }) : error;
}

/** Nothing of the token but who it is: no role, no session, no second factor. */
const linkedActor = ({ id, username, roles, hasSecondFactor }: LinkedAccount, permissions: Permissions): Actor => ({
  kind: 'user',
  id,
  username,
  partner: null,
  roles,
  permissions: permissions.ofRoles(roles),
  sessionId: null,
  mfaEnrolled: hasSecondFactor,
  mfaAt: null,
});
