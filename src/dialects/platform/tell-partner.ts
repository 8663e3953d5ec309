import type { z } from 'zod';
import { z as schema } from 'zod';
import { shipmentPacked } from '#fulfilment';
import { type Delivered, enqueue, job, on } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import { orderPlaced } from '#orders';
import { PLATFORM, type Platform } from './context.ts';
import { shownOrders } from './order.ts';

export const tellPartnerJob = job('platform.tell-partner', schema.object({ orderId: Id, partner: schema.enum(['warehouse', 'delivery']) }));

type Told = z.infer<typeof tellPartnerJob.input>;
type OfOrder = { orderId: string; channel?: string | undefined };

/** A job for each order of this API, where its partner has an address. */
const tell =
  (partner: Told['partner']) =>
  (ctx: Platform, events: Delivered<OfOrder>[]): Promise<void> =>
    ctx.db.transaction(async (tx) => {
      if (!ctx.settings.told[partner]) return;
      const causes = new Map(events.map(({ payload, cause }) => [payload.orderId, cause]));
      for (const [orderId, cause] of causes) enqueue(tx, tellPartnerJob, { orderId, partner }, { cause });
    });

const only = ({ channel }: OfOrder): boolean => channel === PLATFORM;

export const subscriptions = [on(orderPlaced, tell('warehouse'), { only }), on(shipmentPacked, tell('delivery'), { only })];

/** POSTs the order to a partner, with its key. It is repeated until the partner takes it: the id of the order is the same each time. */
export async function tellPartner(ctx: Platform, { orderId, partner }: Told): Promise<void> {
  const to = ctx.settings.told[partner];
  const order = to && (await ctx.orders.view({ orderId }));
  if (!order) return;
  const [shown] = await shownOrders(ctx, [order]);
  const answer = await ctx.outgoingHttp.post({
    url: to.url,
    headers: { 'content-type': 'application/json', ...(to.key ? { authorization: to.key, 'x-api-key': to.key } : {}) },
    body: JSON.stringify(shown),
    signal: ctx.signal,
  });
  if (answer.status < 200 || answer.status > 299) throw new Error(`The ${partner} answered ${answer.status} to the order ${orderId}.`);
}
