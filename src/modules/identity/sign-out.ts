import { revokedHere } from '#authentication/revoked.ts';
import type { Identity } from './context.ts';
import { ownSession } from './own-session.ts';
import { revoke } from './revocation.ts';
import { type EndedBy, endSession } from './session.ts';

/** Ends the session that the token of this call belongs to. A second call changes nothing. */
export async function signOut(ctx: Identity): Promise<undefined> {
  await signOutSession(ctx, ownSession(ctx), 'sign-out');
}

/** Ends a session at once: its refresh tokens by its row, its access tokens by a revocation that every process hears. */
export async function signOutSession(ctx: Identity, sessionId: string, by: EndedBy): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const now = ctx.clock.now();
    if (await endSession(tx, sessionId, { by, now })) await revoke(tx, 'session', sessionId, now);
  });
  revokedHere();
}
