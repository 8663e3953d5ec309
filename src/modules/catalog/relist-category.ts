import type { z } from 'zod';
import { PRODUCTS } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import { changed, enqueue } from '#kernel/events.ts';
import type { Catalog } from './context.ts';
import { relistCategoryJob } from './jobs.ts';

const BATCH = 200;

/**
 * Tells lists and searches anew of some products of a category that was renamed or moved, and asks for the next ones. A product that is
 * written meanwhile is waited for; one that is written later sees the category as it is now.
 */
export const relistCategory = (ctx: Catalog, { category, after }: z.infer<typeof relistCategoryJob.input>): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const ids = (await tx.many<{ id: string }>(productsIn(category, after, BATCH))).map(({ id }) => id);
    if (ids.length === 0) return;
    await tx.many(sql`select catalog.list_anew(${ids}::uuid[])`);
    changed(tx, [PRODUCTS]);
    if (ids.length === BATCH) enqueue(tx, relistCategoryJob, { category, after: ids.at(-1) as string });
  });

export const productsIn = (category: string, after: string | null, rows: number): Sql => sql`
  select id from catalog.products where category = ${category} and id > coalesce(${after}::uuid, '00000000-0000-0000-0000-000000000000')
  order by id limit ${rows} for no key update`;
