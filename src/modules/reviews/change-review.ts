import { z } from 'zod';
import { enqueue } from '#kernel/events.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import { screened } from '#moderation';
import type { Reviews } from './context.ts';
import { requestModerationJob } from './jobs.ts';
import { Comment, lockReview, Rating, type Review, type ReviewRow, reviewUpdate, reviewView } from './review.ts';
import { reviewMachine } from './review-state.ts';
import { changeSummaries } from './summary.ts';

/** A JSON Merge Patch (RFC 7396): what is absent stays. */
export const ChangeReview = z
  .strictObject({ rating: Rating.optional(), comment: Comment.optional() })
  .meta({ example: { rating: 4, comment: 'It bends, but it creaks.' } });

/** Changes what its author says of a published review. New words that need a look hide it until staff decide. */
export async function changeReview(
  ctx: Reviews,
  id: string,
  changes: z.infer<typeof ChangeReview>,
  call: { owner: string | null; ifMatch: Precondition | undefined },
): Promise<Review> {
  const { waits, rules } = changes.comment === undefined ? { waits: false, rules: [] } : await screened(ctx, [changes.comment]);
  return ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, id, call.owner);
    if (!row) throw notFound();
    demandVersion(call.ifMatch, row.version);
    const { rating = row.rating, comment = row.comment } = changes;
    const state = reviewMachine.after(row.state, waits ? 'hold' : 'change');
    const changed = await tx.one<ReviewRow>(reviewUpdate(id, { rating, comment, state, reason: row.reason }, ctx.clock.now()));
    await changeSummaries(tx, [{ productId: row.product_id, before: row, after: changed }]);
    if (waits) enqueue(tx, requestModerationJob, { reviewId: id, rules });
    return reviewView(changed, true);
  });
}
