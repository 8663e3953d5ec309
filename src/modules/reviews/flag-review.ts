import { z } from 'zod';
import type { Transaction } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { type Replayed, replayed } from '#kernel/routes.ts';
import type { Reviews } from './context.ts';
import { type Flag, FlagReason, type FlagRow, flagInsert, flagOf, flagView, openFlags } from './flag.ts';
import { askToLookJob } from './jobs.ts';
import { moveReview } from './moderate-review.ts';
import { lockReview, type ReviewRow } from './review.ts';

export const FlagReview = z.strictObject({ reason: FlagReason });

export const ownReview = problem({
  code: 'reviews/own-review',
  status: 409,
  title: 'This is your own review',
  detail: 'Change it with PATCH, or delete it with DELETE.',
});

/**
 * Says that a review should not stand, once per person; said again it answers as before. When enough people say so
 * (REVIEW_FLAGS_TO_HIDE) the review is hidden until staff decide. They take turns at the review's row, so that each is counted.
 */
export function flagReview(ctx: Reviews, id: string, { reason }: z.infer<typeof FlagReview>): Promise<Flag | Replayed<Flag>> {
  const person = ctx.actor.id;
  return ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, id, null);
    if (row?.customer_id === person) throw ownReview();
    const earlier = row && (await tx.maybe<FlagRow>(flagOf(id, person)));
    if (earlier) return replayed(flagView(earlier));
    if (row?.state !== 'published') throw notFound();
    const flag = await tx.one<FlagRow>(flagInsert(id, person, reason, ctx.clock.now()));
    await hideIfEnough(ctx, tx, row);
    return flagView(flag);
  });
}

async function hideIfEnough(ctx: Reviews, tx: Transaction, row: ReviewRow): Promise<void> {
  const { count } = await tx.one<{ count: number }>(openFlags(row.id));
  if (count < ctx.settings.flagsToHide) return;
  await moveReview(ctx, tx, row, { action: 'flag', reason: null, by: null });
  enqueue(tx, askToLookJob, { reviewId: row.id, rules: [] });
}
