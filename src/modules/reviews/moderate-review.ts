import { z } from 'zod';
import type { Transaction } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import { line } from '#kernel/shapes.ts';
import { reviewModerated } from '#reviews';
import type { Reviews } from './context.ts';
import { flagsResolve } from './flag.ts';
import { resolveItemJob } from './jobs.ts';
import { lockReview, type Review, type ReviewRow, reviewUpdate, reviewView } from './review.ts';
import { reviewMachine } from './review-state.ts';
import { changeSummaries } from './summary.ts';

export const ModerateReview = z
  .strictObject({
    action: z.enum(['approve', 'flag', 'remove']).meta({ description: 'Show it, hide it for now, or take it away', example: 'remove' }),
    reason: line(500)
      .optional()
      .meta({ description: 'Its author can read it; to remove takes one', example: 'It names a private person.' }),
  })
  .refine(({ action, reason }) => action !== 'remove' || reason !== undefined, { error: 'to remove takes a reason', path: ['reason'] });

/** Staff decide on a review. With If-Match they decide on the version that they read, and no newer one. */
export function moderateReview(
  ctx: Reviews,
  id: string,
  { action, reason = null, ifMatch }: { action: Move['action']; reason?: string | null; ifMatch: Precondition | undefined },
): Promise<Review> {
  return ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, id, null);
    if (!row) throw notFound();
    demandVersion(ifMatch, row.version);
    const moved = await moveReview(ctx, tx, row, { action, reason, by: ctx.actor.id });
    enqueue(tx, resolveItemJob, { reviewId: id, version: moved.version, decision: action, by: ctx.actor.id });
    return reviewView(moved, true);
  });
}

interface Move {
  action: z.infer<typeof ModerateReview>['action'];
  reason: string | null;
  /** Null where no person decided: enough flags did. */
  by: string | null;
}

/** Takes a locked review along its states (review-state.ts). Approved, the flags so far do not count again. */
export async function moveReview(ctx: Reviews, tx: Transaction, row: ReviewRow, { action, reason, by }: Move): Promise<ReviewRow> {
  const state = reviewMachine.after(row.state, action);
  const moved = await tx.one<ReviewRow>(reviewUpdate(row.id, { ...row, state, reason }, ctx.clock.now()));
  if (action === 'approve') await tx.execute(flagsResolve(row.id));
  await changeSummaries(tx, [{ productId: row.product_id, before: row, after: moved }]);
  emit(tx, reviewModerated, row.id, {
    reviewId: row.id,
    productId: row.product_id,
    customerId: row.customer_id,
    from: row.state,
    to: state,
    by,
  });
  return moved;
}
