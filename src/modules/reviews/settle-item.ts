import type { Reviews } from './context.ts';
import { reviewById } from './list-reviews.ts';
import { type ReviewRow, subjectOf } from './review.ts';
import { isWaiting } from './review-state.ts';

interface Settlement {
  reviewId: string;
  /** Of the review once it was decided upon. */
  version: number;
  decision: 'approve' | 'remove' | 'flag';
  by: string;
}

/** Takes a review that was decided upon elsewhere off the queue; unless it waits again by now, for then it waits for something newer. */
export async function settleItem(ctx: Reviews, { reviewId, version, decision, by }: Settlement): Promise<void> {
  const row = await ctx.db.maybe<ReviewRow>(reviewById(reviewId, 'staff'));
  if (row && row.version > version && isWaiting(row.state)) return;
  await ctx.moderation.settle({ subject: subjectOf(reviewId), decision, reason: row?.reason ?? null, by });
}
