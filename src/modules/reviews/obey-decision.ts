import { enqueue } from '#kernel/events.ts';
import type { Reviews } from './context.ts';
import { askToLookJob } from './jobs.ts';
import { moveReview } from './moderate-review.ts';
import { lockReview } from './review.ts';
import { isWaiting } from './review-state.ts';

interface Decision {
  reviewId: string;
  itemId: string;
  decision: 'approve' | 'remove';
  by: string;
  decidedAt: string;
}

/**
 * Does what a moderator decided in the queue. Whatever was done to the review since then stands, for it was not what they
 * read; if it waits by now, it is put before a moderator again.
 */
export async function obeyDecision(ctx: Reviews, { reviewId, itemId, decision, by, decidedAt }: Decision): Promise<void> {
  const { reason } = await ctx.moderation.reasonOf({ itemId });
  await ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, reviewId, null);
    if (!row) return;
    if (row.updated_at <= new Date(decidedAt) && row.state !== 'removed') await moveReview(ctx, tx, row, { action: decision, reason, by });
    else if (isWaiting(row.state)) enqueue(tx, askToLookJob, { reviewId, rules: [] });
  });
}
