import { enqueue, on } from '#kernel/events.ts';
import { decided } from '#moderation';
import type { Reviews } from './context.ts';
import { obeyDecisionJob } from './jobs.ts';
import { SUBJECT_KIND } from './review.ts';

export const subscriptions = [
  on(decided, (ctx: Reviews, events) =>
    ctx.db.transaction(async (tx) => {
      for (const { payload, at, cause } of events.filter(({ payload }) => payload.subject.kind === SUBJECT_KIND)) {
        const { subject, itemId, decision, by } = payload;
        enqueue(tx, obeyDecisionJob, { reviewId: subject.id, itemId, decision, by, decidedAt: at.toISOString() }, { cause });
      }
    }),
  ),
];
