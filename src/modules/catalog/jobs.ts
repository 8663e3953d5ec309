import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

export const pauseProductsJob = job('catalog.pause-products', z.object({ accountId: Id }), { seconds: 60, parallel: 1 });
