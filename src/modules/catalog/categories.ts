import { z } from 'zod';
import { sql } from '#kernel/database.ts';
import { Id, type Page } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';

export const Category = z.object({ id: Id, slug: z.string(), name: z.string(), parent: z.string().nullable() }).meta({ id: 'Category' });

/** All of them, in the order that the shop shows them: there are few. */
export async function listCategories(ctx: Catalog): Promise<Page<z.infer<typeof Category>>> {
  const items = await ctx.db.many<z.infer<typeof Category>>(
    sql`select id, slug, name, parent from catalog.categories order by position, slug limit 1000`,
  );
  return { items, nextCursor: null };
}
