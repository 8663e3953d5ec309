import { z } from 'zod';
import { sql, type Transaction, violates } from '#kernel/database.ts';
import { changed, enqueue } from '#kernel/events.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import {
  CATEGORIES,
  type Category,
  type CategoryRow,
  CategoryText,
  categoryById,
  categoryInUse,
  categoryMisplaced,
  categoryView,
  isInUse,
  lockCategory,
  lockTree,
  MOST_LEVELS,
  pathTo,
  slugTaken,
} from './category.ts';
import type { Catalog } from './context.ts';
import { forgetArchived } from './delete-category.ts';
import { relistCategoryJob } from './jobs.ts';
import { discard } from './product-images.ts';

const { slug, name, parent, position } = CategoryText;

/** A JSON Merge Patch (RFC 7396): what is absent stays. */
export const ChangeCategory = z
  .strictObject({
    slug: slug.optional(),
    name: name.optional(),
    parent: parent.optional(),
    position: position.optional(),
    image: z.null().optional().meta({ description: 'null removes the image' }),
  })
  .meta({ example: { name: 'Headphones and speakers' } });
type ChangeCategory = z.infer<typeof ChangeCategory>;

/**
 * Renames or moves a category, with all that is below it. What lists and searches know of its products follows by a job, some products
 * at a time. The slug changes only while nothing names it. What changes nothing makes no new version.
 */
export async function changeCategory(
  ctx: Catalog,
  id: string,
  changes: ChangeCategory,
  ifMatch: Precondition | undefined,
): Promise<Category> {
  const before = await ctx.db.maybe<CategoryRow>(categoryById(id));
  if (!before) throw notFound();
  const isRenamed = changes.slug !== undefined && changes.slug !== before.slug;
  if (isRenamed && !(await isInUse(ctx.db, before.slug))) await forgetArchived(ctx, before.slug);
  return ctx.db.transaction(async (tx) => {
    await lockTree(tx);
    const row = await lockCategory(tx, id);
    if (!row) throw notFound();
    demandVersion(ifMatch, row.version);
    if (isRenamed && (await isInUse(tx, row.slug))) throw categoryInUse();
    const { image, ...others } = changes;
    const after = { ...row, ...others };
    const path = [...(await pathTo(tx, after.parent)), after.slug];
    if (path.slice(0, -1).includes(row.slug)) throw categoryMisplaced();
    const isSame = path.join() === row.path.join() && after.name === row.name && after.position === row.position;
    if (isSame && (image === undefined || row.image === null)) return categoryView(row);
    await tx.execute(sql`
      update catalog.categories set name = ${after.name}, position = ${after.position}, image = ${image === null ? sql`null` : sql`image`}, version = version + 1
      where id = ${id}`);
    if (image === null && row.image) discard(tx, [row.image]);
    const moved = path.join() === row.path.join() ? [] : await move(tx, row, { parent: after.parent, path });
    const relisted = new Set([...moved, ...(after.name === row.name ? [] : [after.slug])]);
    for (const category of relisted) enqueue(tx, relistCategoryJob, { category, after: null });
    changed(tx, [CATEGORIES]);
    return categoryView(await tx.one<CategoryRow>(categoryById(id)));
  });
}

/** Writes the paths of a category and of all below it. @returns their slugs. */
async function move(tx: Transaction, row: CategoryRow, to: { parent: string | null; path: string[] }): Promise<string[]> {
  const { deepest } = await tx.one<{ deepest: number }>(sql`
    select max(cardinality(path))::int as deepest from catalog.categories where path[1:${row.path.length}::int] = ${row.path}::text[]`);
  if (deepest - row.path.length + to.path.length > MOST_LEVELS) throw categoryMisplaced();
  const slug = to.path.at(-1) as string;
  try {
    const rows = await tx.many<{ slug: string }>(sql`
      update catalog.categories
      set slug = case when id = ${row.id} then ${slug} else slug end, parent = case when id = ${row.id} then ${to.parent} else parent end,
          path = ${to.path}::text[] || path[${row.path.length + 1}::int:]
      where path[1:${row.path.length}::int] = ${row.path}::text[] returning slug`);
    return rows.map((moved) => moved.slug);
  } catch (error) {
    throw refusalOf(error, slug);
  }
}

/** A product that came meanwhile names the slug: its key would follow, and the copies of the product would not. */
const refusalOf = (error: unknown, slug: string): unknown =>
  violates(error, 'categories_slug_key') ? slugTaken({ slug }) : violates(error, 'products_category') ? categoryInUse() : error;
