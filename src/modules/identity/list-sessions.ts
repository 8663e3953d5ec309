import { z } from 'zod';
import { notFound } from '#kernel/problems.ts';
import { Id, Time } from '#kernel/shapes.ts';
import type { Identity } from './context.ts';
import { openSessionsOf } from './session.ts';
import { signOutSession } from './sign-out.ts';

export const Session = z
  .object({
    id: Id,
    createdAt: Time,
    refreshedAt: Time.meta({ description: 'When its tokens were last exchanged' }),
    expiresAt: Time,
    current: z.boolean().meta({ description: 'Whether it is the one that asks' }),
  })
  .meta({ id: 'Session' });

export const Sessions = z.object({
  items: z.array(Session),
  nextCursor: z.string().nullable().meta({ description: 'Always null: the sessions of an account fit on one page' }),
});

/** The open sessions of the account, newest first; at most a hundred. */
export async function listSessions(ctx: Identity): Promise<z.infer<typeof Sessions>> {
  const sessions = await sessionsOf(ctx, { accountId: ctx.actor.id });
  return { items: sessions.map((session) => ({ ...session, current: session.id === ctx.actor.sessionId })), nextCursor: null };
}

/** The open sessions of an account, newest first; at most a hundred. */
export async function sessionsOf(ctx: Identity, { accountId }: { accountId: string }) {
  const rows = await openSessionsOf(ctx.db, accountId, ctx.clock.now());
  return rows.map((row) => ({
    id: row.id,
    createdAt: row.created_at.toISOString(),
    refreshedAt: row.refreshed_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  }));
}

/** Ends one of one's own sessions at once, with its tokens. @throws notFound also for one that has ended or is somebody else's. */
export async function endOwnSession(ctx: Identity, id: string): Promise<undefined> {
  const isOwn = (await openSessionsOf(ctx.db, ctx.actor.id, ctx.clock.now(), id)).length > 0;
  if (!isOwn) throw notFound();
  await signOutSession(ctx, id, 'sign-out');
}
