import { enqueue } from '#kernel/events.ts';
import { onDecisions } from '#moderation';
import { applyDecisionJob } from './jobs.ts';
import { SUBJECT_KIND } from './review.ts';

export const subscriptions = [
  onDecisions(SUBJECT_KIND, (tx, { id, ...decision }, cause) => enqueue(tx, applyDecisionJob, { reviewId: id, ...decision }, { cause })),
];
