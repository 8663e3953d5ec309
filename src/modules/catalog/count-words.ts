import { sql } from '#kernel/database.ts';
import type { Catalog } from './context.ts';

/** Search chooses its way by how common words are; the counts are a hint and may lag behind. */
export const countWords = (ctx: Catalog) => ctx.db.many(sql`select catalog.count_words()`);

export const countTags = (ctx: Catalog) => ctx.db.many(sql`select catalog.count_tags()`);
