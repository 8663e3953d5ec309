import { z } from 'zod';
import { sql } from '#kernel/database.ts';
import { Id } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';

export const Category = z.object({ id: Id, slug: z.string(), name: z.string(), parent: z.string().nullable() }).meta({ id: 'Category' });

export async function listCategories(ctx: Catalog): Promise<{ items: z.infer<typeof Category>[] }> {
  return { items: await ctx.db.many(sql`select id, slug, name, parent from catalog.categories order by position, slug limit 1000`) };
}
