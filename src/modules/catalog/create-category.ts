import { z } from 'zod';
import { sql, type Transaction, violates } from '#kernel/database.ts';
import { changed } from '#kernel/events.ts';
import { keyColumns, once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import {
  CATEGORIES,
  type Category,
  type CategoryRow,
  CategoryText,
  categoryById,
  categoryByKey,
  categoryMisplaced,
  categoryView,
  lockTree,
  MOST_CATEGORIES,
  MOST_LEVELS,
  pathTo,
  slugTaken,
  tooManyCategories,
} from './category.ts';
import type { Catalog } from './context.ts';

const { slug, name, parent, position } = CategoryText;

export const CreateCategory = z
  .strictObject({ slug: slug.optional(), name, parent: parent.default(null), position: position.optional() })
  .meta({ example: { name: 'Headphones', parent: 'electronics' } });
type CreateCategory = z.infer<typeof CreateCategory>;

/** Adds a category: the last one where no position is given. */
export const createCategory = (ctx: Catalog, input: CreateCategory, key: Key | undefined): Promise<Category | Replayed<Category>> =>
  once<CategoryRow, Category>(key, {
    make: () => ctx.db.transaction((tx) => insertCategory(ctx, tx, { ...input, slug: input.slug ?? slugOf(input.name) }, key)),
    find: ({ principal, value }) => sameCall(key!, ctx.db.maybe(categoryByKey(principal, value))),
    answer: categoryView,
  });

async function insertCategory(
  ctx: Catalog,
  tx: Transaction,
  { slug, name, parent, position }: CreateCategory & { slug: string },
  key: Key | undefined,
): Promise<CategoryRow | undefined> {
  await lockTree(tx);
  const earlier = key && (await tx.maybe(categoryByKey(key.principal, key.value)));
  if (earlier) return undefined;
  const path = [...(await pathTo(tx, parent)), slug];
  if (path.length > MOST_LEVELS) throw categoryMisplaced();
  const { count, last } = await tx.one<{ count: number; last: number }>(
    sql`select count(*)::int as count, coalesce(max(position), 0) as last from catalog.categories`,
  );
  if (count >= MOST_CATEGORIES) throw tooManyCategories();
  const id = newId();
  const columns = keyColumns(key);
  try {
    await tx.execute(sql`
      insert into catalog.categories (id, slug, name, parent, path, position, principal, idempotency_key, body_hash)
      values (${id}, ${slug}, ${name}, ${parent}, ${path}, ${position ?? last + 1}, ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash})`);
  } catch (error) {
    throw violates(error, 'categories_slug_key') ? slugTaken({ slug }) : error;
  }
  if (ctx.request) ctx.request.subject = id;
  changed(tx, [CATEGORIES]);
  return tx.one<CategoryRow>(categoryById(id));
}

/** `Écouteurs & casques` becomes `ecouteurs-casques`. A name without a Latin letter or digit has no slug of its own, and gets one by chance. */
const slugOf = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '') || `category-${newId().slice(-12)}`;
