import type { z } from 'zod';
import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { changed, type Delivered, enqueue } from '#kernel/events.ts';
import {
  announcementsDelete,
  type Image,
  type imageReady,
  ofPurposes,
  type Refusal,
  type Told,
  tellsMedia,
  type uploadRefused,
} from '#media';
import { CATEGORIES } from './category.ts';
import type { Catalog } from './context.ts';
import { tellMediaJob } from './jobs.ts';
import { lockProduct, refreshed } from './product.ts';
import { imagesOf, isReviewed, keepPending, showAtOnce, shownAmong, wantedOf } from './product-images.ts';

/**
 * Takes images that have come: those of a product are shown, or wait for review; that of a category takes the place of the older one.
 * What nobody expects any more is discarded. The row of the product or category is locked, so an image that comes while its product is
 * approved, archived or cleaned up meets it before or after, and ends as it would then.
 */
export async function takeImages(ctx: Catalog, events: Delivered<z.infer<typeof imageReady.payload>>[]): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    for (const { payload, cause } of ofPurposes(events, 'product-image', 'category-image')) {
      const { purpose, subjectId, image } = payload;
      const told =
        purpose === 'product-image'
          ? await takeOfProduct(tx, subjectId, image, ctx.clock.now())
          : await takeOfCategory(tx, subjectId, image);
      enqueue(tx, tellMediaJob, told, { cause });
    }
  });
}

const attached = (image: Image, older: Image | null = null): Told => ({ attach: image.id, discard: older ? [older.id] : [] });
const discarded = (image: Image): Told => ({ attach: null, discard: [image.id] });

async function takeOfProduct(tx: Transaction, productId: string, image: Image, now: Date): Promise<Told> {
  const row = await lockProduct(tx, productId, null);
  const rows = row ? await imagesOf(tx, productId) : [];
  const known = rows.find(({ id }) => id === image.id);
  if (!row || !known) return discarded(image);
  if (known.image) return attached(image); // it comes twice
  await tx.execute(sql`update catalog.product_images set image = ${JSON.stringify(image)}::jsonb where id = ${image.id}`);
  await tx.execute(sql`update catalog.products set image_due_at = null, image_refusal = null where id = ${productId}`);
  const added = { ...image, alt: known.alt };
  const shown = shownAmong(rows);
  if (isReviewed(row) && !known.is_trusted) await keepPending(tx, row, shown, [...wantedOf(row, rows), added], now);
  else await showAtOnce(tx, row, shown, [...shown, added], now);
  await refreshed(tx, productId);
  return attached(image);
}

/** If there are two images, the one that was announced later counts. Ids follow time. */
async function takeOfCategory(tx: Transaction, id: string, image: Image): Promise<Told> {
  const row = await tx.maybe<{ image: Image | null }>(sql`select image from catalog.categories where id = ${id} for no key update`);
  if (!row || (row.image && row.image.id > image.id)) return discarded(image);
  if (row.image?.id === image.id) return attached(image);
  await tx.execute(sql`
    update catalog.categories set image = ${JSON.stringify(image)}::jsonb, image_due_at = null, image_refusal = null, is_expected = false, version = version + 1 where id = ${id}`);
  changed(tx, [CATEGORIES]);
  return attached(image, row.image);
}

/** Forgets announced files that are no images or never arrived, and notes the reason for products and categories that were announced with them. */
export const forgetRefused = (ctx: Catalog, events: Delivered<z.infer<typeof uploadRefused.payload>>[]): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const refused = (purpose: string) => events.map(({ payload }) => payload).filter((payload) => payload.purpose === purpose);
    const [ofProducts, ofCategories] = [refused('product-image'), refused('category-image')];
    await noteRefusals(tx, sql`catalog.products`, ofProducts);
    await noteRefusals(tx, sql`catalog.categories`, ofCategories);
    await tx.execute(
      sql`delete from catalog.product_images where id = any(${ofProducts.map(({ mediaId }) => mediaId)}::uuid[]) and image is null`,
    );
    const ids = ofCategories.map(({ mediaId }) => mediaId);
    await tx.execute(announcementsDelete(sql`catalog.announcements`, ids));
  });

/** If there are several refusals, one with another reason than `never-arrived` counts. */
async function noteRefusals(tx: Transaction, table: Sql, refused: readonly { subjectId: string; reason: Refusal }[]): Promise<void> {
  const reasons = new Map<string, Refusal>();
  for (const { subjectId, reason } of refused) if (reason !== NEVER_ARRIVED || !reasons.has(subjectId)) reasons.set(subjectId, reason);
  if (reasons.size === 0) return;
  const ids = [...reasons.keys()];
  await tx.many(sql`select 1 from ${table} where id = any(${ids}::uuid[]) order by id for no key update`);
  await tx.execute(sql`
    update ${table} as expecting set image_refusal = refused.reason
    from unnest(${ids}::uuid[], ${[...reasons.values()]}::text[]) as refused (id, reason)
    where expecting.id = refused.id and image_due_at is not null and (image_refusal is null or refused.reason <> ${NEVER_ARRIVED})`);
}

const NEVER_ARRIVED: Refusal = 'never-arrived';

export const tellMedia = tellsMedia(sql`catalog.announcements`, 'no product or category shows it');
