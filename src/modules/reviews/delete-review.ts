import { enqueue } from '#kernel/events.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import type { Reviews } from './context.ts';
import { flagReasonsOfErase } from './flag.ts';
import { resolveItemJob } from './jobs.ts';
import { lockReview, reviewDelete, reviewsErase } from './review.ts';
import { isWaiting } from './review-state.ts';
import { changeSummaries } from './summary.ts';

/**
 * Deletes a review; `owner` null is staff. After its author has deleted it, the author may write a new one. If staff delete it, or
 * it was hidden, its empty row stays, so that the author cannot.
 */
export function deleteReview(ctx: Reviews, id: string, call: { owner: string | null; ifMatch: Precondition | undefined }): Promise<void> {
  return ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, id, call.owner);
    if (!row) throw notFound();
    demandVersion(call.ifMatch, row.version);
    const isTakenBack = row.customer_id === ctx.actor.id && (row.state === 'published' || row.state === 'pending');
    await tx.execute(isTakenBack ? reviewDelete(id) : reviewsErase([id], ctx.clock.now()));
    if (!isTakenBack) await tx.execute(flagReasonsOfErase([id])); // those of one that is gone went with it
    await changeSummaries(tx, [{ productId: row.product_id, before: row, after: null }]);
    const mayBeQueued = isWaiting(row.state) || row.state === 'published'; // a public one may have been flagged
    if (mayBeQueued) enqueue(tx, resolveItemJob, { reviewId: id, version: row.version, decision: 'remove', by: ctx.actor.id });
  });
}
