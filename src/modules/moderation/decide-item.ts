import { z } from 'zod';
import { emit } from '#kernel/events.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { type Replayed, replayed } from '#kernel/routes.ts';
import { line } from '#kernel/shapes.ts';
import { decided, decisions } from '#moderation';
import type { Moderation } from './context.ts';
import { decideOpen, type Item, type ItemRow, itemById, itemView } from './item.ts';

export const DecideItem = z
  .strictObject({
    decision: z.enum(['approve', 'remove']),
    reason: line(500).nullish().meta({ description: 'Needed to remove; the author may read it', example: 'It insults the seller.' }),
  })
  .refine(({ decision, reason }) => decision !== 'remove' || typeof reason === 'string', {
    path: ['reason'],
    message: 'is needed to remove',
  });

export const alreadyDecided = problem({
  code: 'moderation/already-decided',
  status: 409,
  title: 'The decision has been made',
  members: { decision: z.enum(decisions) },
  detail: ({ decision }) => `Another moderator decided first: ${decision}. Take the next item of the queue.`,
});

/**
 * Decides an open item and sends the event to its owner, in one transaction. Of twenty moderators at the same time one decides; the
 * others get a conflict. The same decision sent again by the same moderator gets the same answer: the first reply may have been lost.
 */
export function decideItem(
  ctx: Moderation,
  id: string,
  { decision, reason = null }: z.infer<typeof DecideItem>,
): Promise<Item | Replayed<Item>> {
  return ctx.db.transaction(async (tx) => {
    const by = ctx.actor.id;
    const row = await tx.maybe<ItemRow>(decideOpen(id, { decision, reason, by, at: ctx.clock.now() }));
    if (row) {
      emit(tx, decided, id, { itemId: id, subject: { kind: row.subject_kind, id: row.subject_id }, decision, by });
      return itemView(ctx.secrets, row);
    }
    const before = await tx.maybe<ItemRow>(itemById(id));
    if (!before?.decision) throw notFound();
    const isTheSame = before.decided_by === by && before.decision === decision && before.decision_reason === reason;
    if (!isTheSame) throw alreadyDecided({ decision: before.decision });
    return replayed(itemView(ctx.secrets, before));
  });
}

/** The reply to a decision that was made before. @throws notFound */
export async function showItem(ctx: Moderation, id: string): Promise<Item> {
  const row = await ctx.db.maybe<ItemRow>(itemById(id));
  if (!row) throw notFound();
  return itemView(ctx.secrets, row);
}
