import { minutes } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import { timer } from '#kernel/events.ts';
import type { Catalog } from './context.ts';

/** Search chooses its way by how common words are; the counts are a hint and may lag behind. */
export const timers = [
  timer('catalog.count-words', minutes(10), async (ctx: Catalog) => {
    await ctx.db.many(sql`select catalog.count_words()`);
    await ctx.db.many(sql`select catalog.count_tags()`);
  }),
];
