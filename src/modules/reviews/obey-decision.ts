import type { Reviews } from './context.ts';
import { moveReview } from './moderate-review.ts';
import { lockReview } from './review.ts';

interface Decision {
  decision: 'approve' | 'remove';
  reason: string | null;
  by: string;
}

/** Does what a moderator decided in the queue. A review that is gone, or that staff removed meanwhile, stays so. */
export function obeyDecision(ctx: Reviews, reviewId: string, { decision, reason, by }: Decision): Promise<void> {
  return ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, reviewId, null);
    if (row && row.state !== 'removed') await moveReview(ctx, tx, row, { action: decision, reason, by });
  });
}
