import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

export const reviewStates = ['published', 'pending', 'flagged', 'removed'] as const;

/** A review was decided upon: by staff, or hidden because enough people flagged it (`by` is null). */
export const reviewModerated = event(
  'reviews.review-moderated',
  1,
  z.object({
    reviewId: Id,
    productId: Id,
    customerId: Id,
    from: z.enum(reviewStates),
    to: z.enum(reviewStates),
    by: Id.nullable(),
  }),
);

/** What the published reviews of a product come to. A reader keeps the one with the highest version. */
export const summaryChanged = event(
  'reviews.summary-changed',
  1,
  z.object({ productId: Id, count: z.int(), sum: z.int(), version: z.int() }),
);

export const reviews = contract('reviews', {
  operations: {
    /** Why it was decided so about a review, for its author; null where nobody said why. */
    reasonOf: operation({ input: z.object({ reviewId: Id }), output: z.object({ reason: z.string().nullable() }) }),
  },
  events: { reviewModerated, summaryChanged },
});
