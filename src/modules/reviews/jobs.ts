import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { decisions } from '#moderation';

/** Catalog comes before reviews in the order of modules and cannot hear its events, so reviews calls it. */
export const sendRatingJob = job('reviews.tell-rating', z.object({ productId: Id }));

export const requestModerationJob = job('reviews.ask-to-look', z.object({ reviewId: Id, rules: z.array(z.string()) }));

export const resolveItemJob = job('reviews.settle-item', z.object({ reviewId: Id, version: z.int(), decision: z.enum(decisions), by: Id }));

export const applyDecisionJob = job(
  'reviews.obey-decision',
  z.object({ reviewId: Id, itemId: Id, decision: z.enum(['approve', 'remove']), by: Id, decidedAt: Time }),
);
