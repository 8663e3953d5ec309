import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

export const closeStockJob = job('catalog.close-stock', z.object({ variantIds: z.array(Id).max(500) }), { seconds: 30 });

export const pauseProductsJob = job('catalog.pause-products', z.object({ accountId: Id }), { seconds: 60, parallel: 1 });
