import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

export const openShipmentsJob = job('fulfilment.open-shipments', z.object({ orderId: Id }), { seconds: 20, lane: 'fulfilment', batch: 20 });
