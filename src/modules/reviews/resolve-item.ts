import type { Reviews } from './context.ts';
import { reviewById } from './list-reviews.ts';
import { type ReviewRow, subjectOf } from './review.ts';
import { isWaiting } from './review-state.ts';

interface Resolution {
  reviewId: string;
  /** Of the review once it was decided upon. */
  version: number;
  decision: 'approve' | 'remove' | 'flag';
  by: string;
}

/** Removes a review from the queue after a decision that was made elsewhere. A review that waits again stays: it waits for something newer. */
export async function resolveItem(ctx: Reviews, { reviewId, version, decision, by }: Resolution): Promise<void> {
  const row = await ctx.db.maybe<ReviewRow>(reviewById(reviewId, 'staff'));
  if (row && row.version > version && isWaiting(row.state)) return;
  await ctx.moderation.resolve({ subject: subjectOf(reviewId), decision, reason: row?.reason ?? null, by });
}
