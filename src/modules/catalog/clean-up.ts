import { categoryCleanedUp, productCleanedUp } from '#catalog';
import { partsOf } from '#kernel/batches.ts';
import { minutes } from '#kernel/clock.ts';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { changed, emit } from '#kernel/events.ts';
import type { Refusal } from '#media';
import { CATEGORIES, lockTree } from './category.ts';
import type { Catalog } from './context.ts';
import { writeCopies } from './product-copies.ts';
import { forgetImages } from './product-images.ts';
import { productMachine } from './product-state.ts';

const BATCH = 100;
/** A file that has come is being checked: its product is looked at again after that time. */
const LATER_MS = minutes(10);

/**
 * Removes products and categories that were announced with an image which has not come in time. Only products that were never approved
 * are removed: no state leads back from approved to draft, submitted or rejected, so nobody can have ordered or reviewed them. An image
 * that comes at the same moment takes the row before or after: then the product stays, or the image is discarded.
 */
export async function cleanUp(ctx: Catalog): Promise<void> {
  const now = ctx.clock.now();
  const due = (await ctx.db.many<{ id: string }>(overdueProducts(now))).map(({ id }) => id);
  const arriving = due.length === 0 ? [] : await arrivingAmong(ctx, due);
  if (arriving.length > 0)
    await ctx.db.execute(sql`
      update catalog.products set image_due_at = ${new Date(now.getTime() + LATER_MS)} where id = any(${arriving}::uuid[]) and image_due_at is not null`);
  if (due.length > 0) await removeProducts(ctx, due, now);
  await removeCategories(ctx, now);
}

/** Never those that are public or were: they are not in these states. */
const REMOVABLE: Sql = sql`state in ('draft', 'submitted', 'rejected') and ${productMachine.allows('archive')}`;

export const overdueProducts = (now: Date): Sql => sql`
  select id from catalog.products where image_due_at <= ${now}::timestamptz and ${REMOVABLE} order by image_due_at, id limit ${BATCH}`;

/** Those with a file that has come and was not refused. */
async function arrivingAmong(ctx: Catalog, productIds: readonly string[]): Promise<string[]> {
  const expected = await ctx.db.many<{ id: string; product_id: string }>(sql`
    select id, product_id from catalog.product_images where product_id = any(${productIds}::uuid[]) and image is null order by id`);
  const here = new Set<string>();
  for (const some of partsOf(expected, 200)) {
    const { uploads } = await ctx.media.uploads({ ids: some.map(({ id }) => id) });
    for (const { id, state } of uploads) if (state === 'checking' || state === 'ready' || state === 'attached') here.add(id);
  }
  return [...new Set(expected.filter(({ id }) => here.has(id)).map((image) => image.product_id))];
}

const removeProducts = (ctx: Catalog, ids: readonly string[], now: Date): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const removed = await tx.many<{ id: string; seller_id: string; image_refusal: Refusal | null }>(sql`
      update catalog.products set state = 'archived', pending = null, waiting_since = null, image_due_at = null, version = version + 1
      where id in (select id from catalog.products where id = any(${ids}::uuid[]) order by id for no key update)
        and image_due_at <= ${now}::timestamptz and ${REMOVABLE}
      returning id, seller_id, image_refusal`);
    if (removed.length === 0) return;
    const gone = removed.map(({ id }) => id);
    await forgetImages(tx, gone);
    await writeCopies(tx, gone);
    for (const { id: productId, seller_id: sellerId, image_refusal } of removed)
      emit(tx, productCleanedUp, productId, { productId, sellerId, reason: image_refusal ?? 'never-arrived' });
    ctx.log.info({ products: gone.length }, 'products whose image did not come, or was refused, were removed');
  });

/** Those that nothing names, no archived product either. A product that comes at this moment has its key, and the next turn decides. */
async function removeCategories(ctx: Catalog, now: Date): Promise<void> {
  if (!(await isAnyOverdue(ctx.db, now))) return;
  await ctx.db.transaction(async (tx) => {
    await lockTree(tx);
    const removed = await tx.many<{ id: string; slug: string; created_by: string | null; image_refusal: Refusal | null }>(sql`
      delete from catalog.categories as category
      where id in (select id from catalog.categories where ${OVERDUE(now)} order by id for update) and ${OVERDUE(now)}
        and not exists (select from catalog.products where category = category.slug)
        and not exists (select from catalog.categories as below where below.parent = category.slug)
      returning id, slug, created_by, image_refusal`);
    if (removed.length > 0) changed(tx, [CATEGORIES]);
    for (const { id: categoryId, slug, created_by: createdBy, image_refusal } of removed)
      emit(tx, categoryCleanedUp, categoryId, { categoryId, slug, createdBy, reason: image_refusal ?? 'never-arrived' });
  });
}

const OVERDUE = (now: Date): Sql => sql`image_due_at <= ${now}::timestamptz`;

const isAnyOverdue = async (db: Database, now: Date): Promise<boolean> =>
  (await db.maybe(sql`select 1 from catalog.categories where ${OVERDUE(now)} limit 1`)) !== undefined;

/** The ids of products and categories that the clean-up has not removed and does not remove if an image does not arrive. One statement. */
export const stayWithoutImage = async (ctx: Catalog, { ids }: { ids: string[] }): Promise<string[]> =>
  (await ctx.db.many<{ id: string }>(stayingAmong(ids))).map(({ id }) => id);

export const stayingAmong = (ids: readonly string[]): Sql => sql`
  select id from catalog.products where id = any(${ids}::uuid[]) and image_due_at is null and state <> 'archived'
  union all select id from catalog.categories where id = any(${ids}::uuid[]) and image_due_at is null`;
