import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import { Told } from '#media';

export const tellMediaJob = job('catalog.tell-media', Told);

export const closeStockJob = job('catalog.close-stock', z.object({ variantIds: z.array(Id).max(500) }), { seconds: 30 });

/** `after`: the last product that was listed anew, null at the beginning. */
export const relistCategoryJob = job('catalog.relist-category', z.object({ category: z.string(), after: Id.nullable() }), { parallel: 1 });

export const pauseProductsJob = job('catalog.pause-products', z.object({ accountId: Id }), { seconds: 60, parallel: 1 });
