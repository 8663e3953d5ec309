import { enqueue } from '#kernel/events.ts';
import { onDecisions } from '#moderation';
import { obeyDecisionJob } from './jobs.ts';
import { SUBJECT_KIND } from './review.ts';

export const subscriptions = [
  onDecisions(SUBJECT_KIND, (tx, { id, ...decision }, cause) => enqueue(tx, obeyDecisionJob, { reviewId: id, ...decision }, { cause })),
];
