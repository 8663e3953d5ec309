import { z } from 'zod';
import { minutes } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import { job, timer } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';
import { pauseProducts } from './pause-products.ts';

export const pauseProductsJob = job('catalog.pause-products', z.object({ accountId: Id }), (ctx: Catalog, whose) =>
  pauseProducts(ctx, whose),
);

export const jobs = [pauseProductsJob];

/** Search chooses its way by how common words are; the counts are a hint and may lag behind. */
export const timers = [
  timer('catalog.count-words', minutes(10), async (ctx: Catalog) => {
    await ctx.db.many(sql`select catalog.count_words()`);
    await ctx.db.many(sql`select catalog.count_tags()`);
  }),
];
