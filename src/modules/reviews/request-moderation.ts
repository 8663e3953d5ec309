import type { Reviews } from './context.ts';
import { type OpenFlags, openFlags } from './flag.ts';
import { reviewById } from './list-reviews.ts';
import { type ReviewRow, subjectOf } from './review.ts';
import { isWaiting } from './review-state.ts';

interface Question {
  reviewId: string;
  /** That fired, where its words are in doubt. */
  rules: string[];
}

/** Asks a moderator to read a review, if it still waits for one, or is public and has enough flags of any accounts. */
export async function requestModeration(ctx: Reviews, { reviewId, rules }: Question): Promise<void> {
  const row = await ctx.db.maybe<ReviewRow>(reviewById(reviewId, 'staff'));
  if (!row || !(isWaiting(row.state) || (await isDoubted(ctx, row)))) return;
  const why = row.state === 'pending' ? { reason: 'screening' as const, rules } : { reason: 'flags' as const, rules: [] };
  await ctx.moderation.enqueue({ subject: subjectOf(reviewId), author: row.customer_id, excerpt: row.comment, ...why });
}

async function isDoubted(ctx: Reviews, { id, state }: ReviewRow): Promise<boolean> {
  if (state !== 'published') return false;
  return (await ctx.db.one<OpenFlags>(openFlags(id))).all >= ctx.settings.flagsToHide;
}
