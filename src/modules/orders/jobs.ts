import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

export const compensateOrderJob = job('orders.give-back', z.object({ orderId: Id }), { seconds: 20, lane: 'money' });
