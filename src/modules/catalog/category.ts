import { z } from 'zod';
import { MOST_CATEGORIES } from '#catalog';
import { pageOf } from '#kernel/cursors.ts';
import { type Database, type Sql, sql, type Transaction } from '#kernel/database.ts';
import { problem } from '#kernel/problems.ts';
import { Cursor, Id, line, type Page, whole } from '#kernel/shapes.ts';
import { Image } from '#media';
import type { Catalog } from './context.ts';

/** What public pages show, for `ready` and `changed`: the categories. */
export const CATEGORIES = 'categories';

/** On how many levels there are categories: a list looks into the index of each. */
export const MOST_LEVELS = 4;

const slug = z
  .string()
  .max(60)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be small letters a to z, digits, and single dashes between them');

export const CategoryText = {
  slug: slug.meta({ description: 'What products and filters name; made of the name where it is absent', example: 'headphones' }),
  name: line(100).meta({ example: 'Headphones' }),
  parent: z.string().max(60).nullable().meta({ description: 'Slug of the category above; null at the top', example: 'electronics' }),
  position: z.int().min(0).max(1_000_000).meta({ description: 'Place among all categories, the lowest first', example: 7 }),
};

export const Category = z
  .object({
    ...{ id: Id, slug: z.string(), name: z.string(), parent: z.string().nullable(), image: Image.nullable() },
    ...{ position: z.int(), version: z.int() },
  })
  .meta({ id: 'Category' });
export type Category = z.infer<typeof Category>;

export interface CategoryRow extends Category {
  path: string[];
  body_hash: string | null;
}

const COLUMNS = sql`id, slug, name, parent, image, position, version, path, body_hash`;

export const categoryView = ({ id, slug, name, parent, image, position, version }: CategoryRow): Category => ({
  ...{ id, slug, name, parent, image, position, version },
});

export const unknownCategory = problem({
  code: 'catalog/unknown-category',
  status: 409,
  title: 'No such category',
  members: { category: z.string() },
  detail: ({ category }) => `There is no category ${category}; GET /v1/categories lists them.`,
});

export const slugTaken = problem({
  code: 'catalog/slug-taken',
  status: 409,
  title: 'Another category has this slug',
  members: { slug: z.string() },
  detail: ({ slug }) => `There is a category ${slug} already; give this one another slug.`,
});

export const categoryMisplaced = problem({
  code: 'catalog/category-misplaced',
  status: 409,
  title: 'The category cannot be there',
  detail: `A category cannot be below itself, and there are at most ${MOST_LEVELS} levels.`,
});

export const categoryInUse = problem({
  code: 'catalog/category-in-use',
  status: 409,
  title: 'The category is in use',
  detail: 'Products or other categories name it. Move them first, or change its name: the slug of a category in use stays.',
});

/** Most shops have less than a page of them, and want the whole tree: so a page holds more than those of other lists. */
export const CategoriesQuery = z.object({
  limit: whole(z.int().min(1).max(100)).default(100).meta({ description: 'How many, 1 to 100; 100 where it is absent', example: 100 }),
  cursor: Cursor,
});

/** Categories in the order that the shop shows them. */
export const listCategories = (ctx: Catalog, query: z.infer<typeof CategoriesQuery>): Promise<Page<Category>> =>
  pageOf(ctx, 'categories', query, {
    rows: (after, limit) => ctx.db.many<CategoryRow>(categoriesPage(after as [number, string] | undefined, limit)),
    position: ({ position, slug }) => [position, slug],
    item: categoryView,
  });

/** All of them: there are few. Those that wait for their image to appear only on demand. */
export const allCategories = async (ctx: Catalog, { withExpected = false }: { withExpected?: boolean } = {}): Promise<Category[]> =>
  (await ctx.db.many<CategoryRow>(categoriesPage(undefined, MOST_CATEGORIES, withExpected))).map(categoryView);

const categoriesPage = (after: [number, string] | undefined, rows: number, withExpected = false): Sql => sql`
  select ${COLUMNS} from catalog.categories
  where (${withExpected} or not is_expected) ${after ? sql`and (position, slug) > (${after[0]}::int, ${after[1]}::text)` : sql``}
  order by position, slug limit ${rows}`;

/** One change of the tree at a time. Products that are listed meanwhile do not wait: their key needs a weaker lock. */
export const lockTree = (tx: Transaction): Promise<unknown> => tx.execute(sql`lock table catalog.categories in share row exclusive mode`);

/** A category that is to be changed. Transactions that list products in it have ended, and others wait. */
export const lockCategory = (tx: Transaction, id: string): Promise<CategoryRow | undefined> =>
  tx.maybe(sql`select ${COLUMNS} from catalog.categories where id = ${id} for update`);

export const categoryById = (id: string): Sql => sql`select ${COLUMNS} from catalog.categories where id = ${id}`;

export const categoryByKey = (principal: string, key: string): Sql =>
  sql`select ${COLUMNS} from catalog.categories where principal = ${principal} and idempotency_key = ${key}`;

/** The path to a category; empty for null. @throws unknownCategory */
export async function pathTo(db: Database, slug: string | null): Promise<string[]> {
  if (slug === null) return [];
  const row = await db.maybe<{ path: string[] }>(sql`select path from catalog.categories where slug = ${slug}`);
  if (!row) throw unknownCategory({ category: slug });
  return row.path;
}

/** Whether a category has others below it, or products that are not archived. */
export const isInUse = async (db: Database, slug: string): Promise<boolean> =>
  (
    await db.one<{ used: boolean }>(sql`
      select exists (select from catalog.categories where parent = ${slug})
          or exists (select from catalog.products where category = ${slug} and state <> 'archived') as used`)
  ).used;
