import type { z } from 'zod';
import type { backInStock, priceChanged } from '#catalog';
import { type Delivered, enqueue } from '#kernel/events.ts';
import type { Favorites } from './context.ts';
import { tellAdmirersJob } from './jobs.ts';

type Events<E extends { payload: z.ZodType }> = Delivered<z.infer<E['payload']>>[];
type News = Pick<z.infer<typeof tellAdmirersJob.input>, 'variantId' | 'news'>;

/** Those who asked are told of a product that is back in stock. */
export const hearBackInStock = (ctx: Favorites, events: Events<typeof backInStock>): Promise<void> =>
  tellOnce(ctx, events, ({ variantId }) => ({ variantId, news: { kind: 'back-in-stock' } }));

/** Those who asked are told of a lower price. */
export const hearPriceChanged = (ctx: Favorites, events: Events<typeof priceChanged>): Promise<void> =>
  tellOnce(
    ctx,
    events.filter(({ payload: { from, to } }) => to < from),
    ({ variantId, currency, from, to }) => ({
      variantId,
      news: { kind: 'price-fell', from: { amount: from, currency }, to: { amount: to, currency } },
    }),
  );

/** What one call did to several variants of a product is told once. */
function tellOnce<P extends { productId: string }>(ctx: Favorites, events: Delivered<P>[], newsOf: (payload: P) => News): Promise<void> {
  const told = new Map(events.toReversed().map((event) => [`${event.payload.productId}:${event.cause?.requestId ?? event.id}`, event]));
  return ctx.db.transaction(async (tx) => {
    for (const { id: eventId, payload, cause } of told.values())
      enqueue(tx, tellAdmirersJob, { eventId, productId: payload.productId, ...newsOf(payload), after: null }, { cause });
  });
}
