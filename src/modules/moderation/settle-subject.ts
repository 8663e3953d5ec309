import type { Done, Subject } from '#moderation';
import type { Moderation } from './context.ts';
import { decideSubject } from './item.ts';
import type { Decision } from './item-state.ts';

interface Settlement {
  subject: Subject;
  decision: Decision;
  reason: string | null;
  by: string;
}

/** Closes the open item of a subject that its owner has decided on. Tells nobody: the owner knows. */
export async function settleSubject(ctx: Moderation, { subject, ...verdict }: Settlement): Promise<Done> {
  await ctx.db.execute(decideSubject(subject, { ...verdict, at: ctx.clock.now() }));
  return {};
}
