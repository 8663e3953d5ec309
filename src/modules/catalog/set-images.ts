import type { z } from 'zod';
import type { Product } from '#catalog';
import { sql, type Transaction } from '#kernel/database.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound } from '#kernel/problems.ts';
import type { Image } from '#media';
import type { Catalog } from './context.ts';
import { lockProduct, type ProductRow, refreshed } from './product.ts';
import {
  chosen,
  discard,
  forgetUnused,
  type ImageRow,
  imageInReview,
  imagesOf,
  isReviewed,
  keepPending,
  type SetImages,
  showAtOnce,
  shownAmong,
  wantedOf,
} from './product-images.ts';

interface Call {
  owner: string | null;
  ifMatch: Precondition | undefined;
}

/**
 * Orders the images of a product, says anew what they show, and drops those that are left out. Files on their way stay. Staff (`owner` null)
 * decide about what is shown; what a seller has sent for review goes on waiting. @throws unknownImage @throws imageInReview
 */
export const setImages = (ctx: Catalog, id: string, { images }: z.infer<typeof SetImages>, call: Call): Promise<Product> =>
  ctx.db.transaction(async (tx) => {
    const row = await lockedFor(tx, id, call);
    const rows = await imagesOf(tx, id);
    const waits = isForReview(row, call);
    const wanted = chosen(rows, waits ? wantedOf(row, rows) : [], images);
    if (!waits) demandShown(rows, wanted);
    return wish(tx, row, rows, wanted, waits, ctx.clock.now());
  });

/** Removes an image of a product, or no longer expects it. What staff remove is neither shown nor waits any more. */
export const dropImage = (ctx: Catalog, id: string, imageId: string, call: Call): Promise<Product> =>
  ctx.db.transaction(async (tx) => {
    const row = await lockedFor(tx, id, call);
    const rows = await imagesOf(tx, id);
    const image = rows.find((known) => known.id === imageId);
    if (!image) throw notFound();
    if (image.image) {
      const waits = isForReview(row, call) || image.position === null;
      const others = (waits ? wantedOf(row, rows) : shownAmong(rows)).filter((known) => known.id !== imageId);
      return wish(tx, row, rows, others, waits, ctx.clock.now());
    }
    await tx.execute(sql`delete from catalog.product_images where id = ${imageId}`);
    discard(tx, [image]);
    return refreshed(tx, id);
  });

const isForReview = (row: ProductRow, { owner }: Call): boolean => owner !== null && isReviewed(row);

function demandShown(rows: readonly ImageRow[], images: readonly Image[]): void {
  const shown = new Set(shownAmong(rows).map(({ id }) => id));
  const ids = images.map(({ id }) => id).filter((id) => !shown.has(id));
  if (ids.length > 0) throw imageInReview({ ids });
}

async function lockedFor(tx: Transaction, id: string, { owner, ifMatch }: Call): Promise<ProductRow> {
  const row = await lockProduct(tx, id, owner);
  if (!row) throw notFound();
  demandVersion(ifMatch, row.version);
  return row;
}

/** Has the images wait for review, or shows them at once. */
async function wish(
  tx: Transaction,
  row: ProductRow,
  rows: readonly ImageRow[],
  images: Image[],
  waits: boolean,
  now: Date,
): Promise<Product> {
  const shown = shownAmong(rows);
  const pending = waits ? await keepPending(tx, row, shown, images, now) : await showAtOnce(tx, row, shown, images, now);
  await forgetUnused(tx, row.id, pending);
  return refreshed(tx, row.id);
}
