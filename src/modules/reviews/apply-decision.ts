import { enqueue } from '#kernel/events.ts';
import type { Reviews } from './context.ts';
import { requestModerationJob } from './jobs.ts';
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
 * Applies what a moderator decided in the queue. A review that was changed since then stays as it is, because they did not
 * read that text. If it waits by now, a moderator is asked again.
 */
export async function applyDecision(ctx: Reviews, { reviewId, itemId, decision, by, decidedAt }: Decision): Promise<void> {
  const { reason } = await ctx.moderation.reasonOf({ itemId });
  await ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, reviewId, null);
    if (!row) return;
    if (row.updated_at <= new Date(decidedAt) && row.state !== 'removed') await moveReview(ctx, tx, row, { action: decision, reason, by });
    else if (isWaiting(row.state)) enqueue(tx, requestModerationJob, { reviewId, rules: [] });
  });
}
