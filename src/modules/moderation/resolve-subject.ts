import type { Done, Subject } from '#moderation';
import type { Moderation } from './context.ts';
import { decideSubject } from './item.ts';
import type { Decision } from './item-state.ts';

interface Resolution {
  subject: Subject;
  decision: Decision;
  reason: string | null;
  by: string;
}

/** Closes the open item of a subject after a decision of its owner. No event is sent, because the owner knows. */
export async function resolveSubject(ctx: Moderation, { subject, ...verdict }: Resolution): Promise<Done> {
  await ctx.db.execute(decideSubject(subject, { ...verdict, at: ctx.clock.now() }));
  return {};
}
