import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import type { Reviews } from './context.ts';
import { tellRating } from './tell-rating.ts';

/** Catalog stands below and hears nothing of reviews, so it is told. */
export const tellRatingJob = job('reviews.tell-rating', z.object({ productId: Id }), (ctx: Reviews, { productId }) =>
  tellRating(ctx, productId),
);

export const jobs = [tellRatingJob];
