import { z } from 'zod';
import { MOST_CATEGORIES, tooManyCategories } from '#catalog';
import { sql, type Transaction, violates } from '#kernel/database.ts';
import { changed } from '#kernel/events.ts';
import { keyColumns, once, rememberedIn, sameCall } from '#kernel/idempotency.ts';
import { derivedId, newId } from '#kernel/ids.ts';
import { notFound } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { type AnnouncedFile, AnnounceUpload, SHOP_ID, Upload, unlessExpired } from '#media';
import {
  CATEGORIES,
  Category,
  type CategoryRow,
  CategoryText,
  categoryById,
  categoryByKey,
  categoryMisplaced,
  categoryView,
  lockTree,
  MOST_LEVELS,
  pathTo,
  slugTaken,
} from './category.ts';
import type { Catalog } from './context.ts';

const { slug, name, parent, position } = CategoryText;

export const CreateCategory = z
  .strictObject({
    ...{ slug: slug.optional(), name, parent: parent.default(null), position: position.optional() },
    image: AnnounceUpload.optional().meta({
      description: 'The reply says where to send it. A category that nothing names and whose image does not come is removed',
    }),
  })
  .meta({ example: { name: 'Headphones', parent: 'electronics' } });
/** For other modules the size of the image may not be known. */
type CreateCategory = Omit<z.infer<typeof CreateCategory>, 'image'> & { image?: AnnouncedFile | undefined; isExpected?: boolean };

/** What a call that adds a category answers. */
export const CreatedCategory = Category.extend({
  upload: Upload.optional().meta({ description: 'Where to send the image that was announced' }),
}).meta({ id: 'CreatedCategory' });
type CreatedCategory = z.infer<typeof CreatedCategory>;

/** Adds a category: the last one where no position is given. */
export const createCategory = (
  ctx: Catalog,
  input: CreateCategory,
  key: Key | undefined,
): Promise<CreatedCategory | Replayed<CreatedCategory>> =>
  once<CategoryRow, CreatedCategory>(key, {
    make: () => ctx.db.transaction((tx) => insertCategory(ctx, tx, { ...input, slug: input.slug ?? slugOf(input.name) }, key)),
    find: ({ principal, value }) => sameCall(key!, ctx.db.maybe(categoryByKey(principal, value))),
    async answer(row) {
      const upload =
        input.image && (await expectCategoryImage(ctx, row.id, input.image, derivedId('category-image', row.id)).catch(unlessExpired));
      return { ...categoryView(row), ...(upload ? { upload } : {}) };
    },
  });

/** Where to send the image of a category. The same key: the same upload and reply. */
export const expectCategoryImage = (ctx: Catalog, id: string, file: AnnouncedFile, key: string): Promise<Upload> =>
  ctx.media.announce({ ...file, key, ownerId: ctx.actor.id || SHOP_ID, purpose: 'category-image', subjectId: id });

/** Announces a new image of a category, which takes the place of the older one when it has come. */
export async function announceCategoryImage(
  ctx: Catalog,
  id: string,
  file: AnnounceUpload,
  key: Key | undefined,
): Promise<Upload | Replayed<Upload>> {
  if (!(await ctx.db.maybe(categoryById(id)))) throw notFound();
  const upload = await expectCategoryImage(ctx, id, file, key ? derivedId('category-image', key.principal, key.value) : newId());
  return rememberedIn(ctx.db, sql`catalog.announcements`, key, upload);
}

async function insertCategory(
  ctx: Catalog,
  tx: Transaction,
  { slug, name, parent, position, image, isExpected = false }: CreateCategory & { slug: string },
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
  const dueAt = image ? new Date(ctx.clock.now().getTime() + ctx.settings.imageDueMs) : null;
  const columns = keyColumns(key);
  try {
    await tx.execute(sql`
      insert into catalog.categories (id, slug, name, parent, path, position, image_due_at, is_expected, created_by, principal, idempotency_key, body_hash)
      values (${id}, ${slug}, ${name}, ${parent}, ${path}, ${position ?? last + 1}, ${dueAt}, ${isExpected}, ${ctx.actor.kind === 'user' ? ctx.actor.id : null}, ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash})`);
  } catch (error) {
    throw violates(error, 'categories_slug_key') ? slugTaken({ slug }) : error;
  }
  if (ctx.request) ctx.request.subject = id;
  changed(tx, [CATEGORIES]);
  return tx.one<CategoryRow>(categoryById(id));
}

/** `Écouteurs & casques` becomes `ecouteurs-casques`. A name without a Latin letter or digit has no slug of its own, and gets one by chance. */
export const slugOf = (name: string): string =>
  name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 60)
    .replace(/^-|-$/g, '') || `category-${newId().slice(-12)}`;
