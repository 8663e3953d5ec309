import type { z } from 'zod';
import { type Delivered, enqueue, on } from '#kernel/events.ts';
import { orderPlaced } from '#orders';
import type { FulfilmentContext } from './context.ts';
import { openShipmentsJob } from './jobs.ts';

/** A job for each order, because the module of orders may run elsewhere, and is not asked inside a transaction. */
const askForShipments = (ctx: FulfilmentContext, events: Delivered<z.infer<typeof orderPlaced.payload>>[]): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    for (const { payload, cause } of events) enqueue(tx, openShipmentsJob, { orderId: payload.orderId }, { cause });
  });

export const subscriptions = [on(orderPlaced, askForShipments, { isRepeatable: true })];
