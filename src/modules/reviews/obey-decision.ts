import { enqueue } from '#kernel/events.ts';
import type { Reviews } from './context.ts';
import { askToLookJob } from './jobs.ts';
import { moveReview } from './moderate-review.ts';
import { lockReview } from './review.ts';
import { isWaiting } from './review-state.ts';

interface Decision {
  decision: 'approve' | 'remove';
  reason: string | null;
  by: string;
}

/**
 * Does what a moderator decided in the queue. Whatever was done to the review since then stands, for it was not what they
 * read; if it waits by now, it is put before a moderator again.
 */
export function obeyDecision(ctx: Reviews, reviewId: string, { decision, reason, by }: Decision, decidedAt: Date): Promise<void> {
  return ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, reviewId, null);
    if (!row) return;
    if (row.updated_at <= decidedAt && row.state !== 'removed') await moveReview(ctx, tx, row, { action: decision, reason, by });
    else if (isWaiting(row.state)) enqueue(tx, askToLookJob, { reviewId, rules: [] });
  });
}
