import { z } from 'zod';
import { unknownProduct } from '#catalog';
import { seconds } from '#kernel/clock.ts';
import { type Delivered, enqueue, job, on } from '#kernel/events.ts';
import { isId } from '#kernel/ids.ts';
import { Problem } from '#kernel/problems.ts';
import { Id } from '#kernel/shapes.ts';
import { orderPlaced } from '#orders';
import { Count, placeOfVariants } from '../variants.ts';
import { MICROSERVICES, type Microservices } from './context.ts';

export const CreateOrder = z.object({
  id: z.string().max(300).toLowerCase().meta({ description: 'The product', example: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' }),
  quantity: Count,
});

export const Created = z.object({ message: z.string(), orderId: z.string() });

/** A double click is one order. */
export const SAME_ORDER_MS = seconds(10);

/**
 * Places a cash-on-delivery order of the caller. The same product and quantity within ten seconds are the same order. Of a product with
 * several variants it is the first that there is enough of, at the price that is shown: that API knows none.
 */
export async function createOrder(ctx: Microservices, { id, quantity }: z.infer<typeof CreateOrder>): Promise<z.infer<typeof Created>> {
  const [product] = await ctx.catalog.products({ ids: isId(id) ? [id] : [] });
  if (product?.state !== 'approved' || product.price.currency !== ctx.settings.defaultCurrency) throw unknownProduct({ ids: [id] });
  const order = await placeOfVariants([{ product, count: quantity }], ([variantId]) =>
    ctx.orders.place({
      lines: [{ variantId: variantId!, quantity }],
      payment: 'cash_on_delivery',
      channel: MICROSERVICES,
      fingerprint: ctx.secrets.fingerprint(`${id}:${quantity}`, 'microservices.order'),
      withinMs: SAME_ORDER_MS,
    }),
  );
  return { message: 'order placed successfully', orderId: order.id };
}

export const shipOrderJob = job('microservices.ship-order', z.object({ orderId: Id }));

type Placed = Delivered<z.infer<typeof orderPlaced.payload>>;

/** Each order of this API is queued. */
const queueOrders = (ctx: Microservices, events: Placed[]): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    for (const { payload, cause } of events) enqueue(tx, shipOrderJob, { orderId: payload.orderId }, { cause });
  });

export const subscriptions = [on(orderPlaced, queueOrders, { only: ({ channel }) => channel === MICROSERVICES })];

/** Ships an order: that API has no warehouse, so the system packs it too. One that was cancelled meanwhile stays so. */
export async function shipOrder(ctx: Microservices, { orderId }: { orderId: string }): Promise<void> {
  for (const command of ['pack', 'ship'] as const) {
    try {
      await ctx.fulfilment.drive({ orderId, command });
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error; // a partner or staff were faster, or it is cancelled
    }
  }
}
