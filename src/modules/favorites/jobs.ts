import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Money } from '#kernel/money.ts';
import { Id } from '#kernel/shapes.ts';

/** Tells some of those who asked that a product is back in stock, or costs less; then asks for the same for the next ones. */
export const tellAdmirersJob = job(
  'favorites.tell-admirers',
  z.object({
    /** The event that is told of: one event tells one person once. */
    eventId: z.string(),
    productId: Id,
    variantId: Id,
    news: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('back-in-stock') }),
      z.object({ kind: z.literal('price-fell'), from: Money, to: Money }),
    ]),
    /** Accounts up to this one were told. */
    after: Id.nullable(),
  }),
  { seconds: 30, parallel: 2 },
);
