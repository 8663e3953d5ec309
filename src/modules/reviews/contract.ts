import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Id, Time } from '#kernel/shapes.ts';

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

/** A review as its author takes it along. */
export const ReviewRecord = z.object({
  id: Id,
  product: z.object({ id: Id, name: z.string() }),
  rating: z.int(),
  comment: z.string(),
  verifiedPurchase: z.boolean(),
  state: z.enum(reviewStates),
  reason: z.string().nullable().meta({ description: 'Why it was decided so' }),
  createdAt: Time,
  updatedAt: Time,
});
export type ReviewRecord = z.infer<typeof ReviewRecord>;

/** A flag as whoever raised it takes it along. */
export const FlagRecord = z.object({ reviewId: Id, reason: z.string(), createdAt: Time });
export type FlagRecord = z.infer<typeof FlagRecord>;

export const reviews = contract('reviews', {
  operations: {
    /** Erases what a customer wrote, who is being deleted: reviews, and the reasons of flags. Repeating it changes nothing. */
    forget: operation({ input: z.object({ customer: Id }), output: z.object({}) }),
    /** The reviews of a customer, newest first, whatever their state. */
    recordsOf: operation({ input: z.object({ customer: Id, limit: z.int() }), output: z.array(ReviewRecord) }),
    /** The flags that somebody has raised, with their reasons. */
    flagsOf: operation({ input: z.object({ person: Id, limit: z.int() }), output: z.array(FlagRecord) }),
  },
  events: { reviewModerated, summaryChanged },
});
