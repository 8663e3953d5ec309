import { createLocalJWKSet, jwtVerify } from 'jose';
import { ACCESS_TOKEN_TYPE, AccessClaims, AUDIENCE, SIGNING_ALGORITHM } from '#authentication/access-claims.ts';
import { revokedHere } from '#authentication/revoked.ts';
import { unauthenticated } from '#kernel/problems.ts';
import type { Identity } from './context.ts';
import { ownSession } from './own-session.ts';
import { revoke } from './revocation.ts';
import { type EndedBy, endSession } from './session.ts';
import { publicKeys } from './signing-key.ts';

/** Ends the session that the token of this call belongs to. A second call changes nothing. */
export async function signOut(ctx: Identity): Promise<undefined> {
  await signOutSession(ctx, ownSession(ctx), 'sign-out');
}

/** The same for the access token itself, where it comes in a body. @throws unauthenticated when it is not valid */
export async function signOutByToken(ctx: Identity, { accessToken }: { accessToken: string }): Promise<Record<string, never>> {
  const keys = createLocalJWKSet({ keys: await publicKeys(ctx) });
  const verified = await jwtVerify(accessToken, keys, {
    algorithms: [SIGNING_ALGORITHM],
    typ: ACCESS_TOKEN_TYPE,
    issuer: ctx.settings.publicUrl,
    audience: AUDIENCE,
    requiredClaims: ['exp'],
    currentDate: ctx.clock.now(),
  }).catch(() => undefined);
  if (!verified) throw unauthenticated({ reason: 'The access token is not valid.' });
  const { sid, sub } = AccessClaims.parse(verified.payload);
  if (ctx.request) ctx.request.subject = sub;
  await signOutSession(ctx, sid, 'sign-out');
  return {};
}

/** Ends a session at once: its refresh tokens by its row, its access tokens by a revocation that every process hears. */
export async function signOutSession(ctx: Identity, sessionId: string, by: EndedBy): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const now = ctx.clock.now();
    if (await endSession(tx, sessionId, { by, now })) await revoke(tx, 'session', sessionId, now);
  });
  revokedHere();
}
