import type { Reviews } from './context.ts';
import { reviewById } from './list-reviews.ts';
import { type ReviewRow, subjectOf } from './review.ts';
import { isWaiting } from './review-state.ts';

interface Question {
  reviewId: string;
  /** That fired, where its words are in doubt. */
  rules: string[];
}

/** Puts a review before a moderator, if it still waits for one. While it waits it cannot be changed: what is read is what is decided upon. */
export async function askToLook(ctx: Reviews, { reviewId, rules }: Question): Promise<void> {
  const row = await ctx.db.maybe<ReviewRow>(reviewById(reviewId, 'staff'));
  if (!row || !isWaiting(row.state)) return;
  const why = row.state === 'pending' ? { reason: 'screening' as const, rules } : { reason: 'flags' as const, rules: [] };
  await ctx.moderation.enqueue({ subject: subjectOf(reviewId), author: row.customer_id, excerpt: row.comment, ...why });
}
