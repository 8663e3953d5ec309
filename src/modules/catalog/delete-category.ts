import { inBatches } from '#kernel/batches.ts';
import { sql, violates } from '#kernel/database.ts';
import { changed } from '#kernel/events.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import { CATEGORIES, type CategoryRow, categoryById, categoryInUse, isInUse, lockCategory, lockTree } from './category.ts';
import type { Catalog } from './context.ts';
import { discard } from './product-images.ts';

const BATCH = 1000;

/** Deletes a category that no product and no other category names. Archived products forget it. */
export async function deleteCategory(ctx: Catalog, id: string, ifMatch: Precondition | undefined): Promise<undefined> {
  const before = await ctx.db.maybe<CategoryRow>(categoryById(id));
  if (!before) throw notFound();
  demandVersion(ifMatch, before.version);
  if (await isInUse(ctx.db, before.slug)) throw categoryInUse();
  await forgetArchived(ctx, before.slug);
  await ctx.db.transaction(async (tx) => {
    await lockTree(tx);
    const row = await lockCategory(tx, id);
    if (!row) throw notFound();
    demandVersion(ifMatch, row.version);
    try {
      await tx.execute(sql`delete from catalog.categories where id = ${id}`);
    } catch (error) {
      throw violates(error, 'products_category') || violates(error, 'categories_parent_fkey') || violates(error, 'categories_above')
        ? categoryInUse()
        : error;
    }
    if (row.image) discard(tx, [row.image]);
    changed(tx, [CATEGORIES]);
  });
  return undefined;
}

/** Takes a category from archived products, which nobody sees any more; some at a time. */
export const forgetArchived = (ctx: Catalog, slug: string): Promise<void> =>
  inBatches(BATCH, () =>
    ctx.db.execute(sql`
      update catalog.products set category = null
      where id in (select id from catalog.products where category = ${slug} and state = 'archived' order by id limit ${BATCH} for no key update)`),
  );
