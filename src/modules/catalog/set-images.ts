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
  imagesOf,
  isReviewed,
  keepPending,
  type SetImages,
  showImages,
  wantedOf,
} from './product-images.ts';

interface Call {
  owner: string | null;
  ifMatch: Precondition | undefined;
}

/** Orders the images of a product, says anew what they show, and drops those that are left out. Files on their way stay. */
export const setImages = (ctx: Catalog, id: string, { images }: z.infer<typeof SetImages>, call: Call): Promise<Product> =>
  ctx.db.transaction(async (tx) => {
    const row = await lockedFor(tx, id, call);
    const rows = await imagesOf(tx, id);
    return wish(tx, row, rows, chosen(rows, images), call.owner, ctx.clock.now());
  });

/** Removes an image of a product, or no longer expects it. */
export const dropImage = (ctx: Catalog, id: string, imageId: string, call: Call): Promise<Product> =>
  ctx.db.transaction(async (tx) => {
    const row = await lockedFor(tx, id, call);
    const rows = await imagesOf(tx, id);
    const image = rows.find((known) => known.id === imageId);
    if (!image) throw notFound();
    if (image.image) return wish(tx, row, rows, wantedOf(row, rows).filter((known) => known.id !== imageId), call.owner, ctx.clock.now()); // biome-ignore format: one call
    await tx.execute(sql`delete from catalog.product_images where id = ${imageId}`);
    discard(tx, [image]);
    return refreshed(tx, id);
  });

async function lockedFor(tx: Transaction, id: string, { owner, ifMatch }: Call): Promise<ProductRow> {
  const row = await lockProduct(tx, id, owner);
  if (!row) throw notFound();
  demandVersion(ifMatch, row.version);
  return row;
}

/** Shows the images at once, or has them wait for review: those of an approved product, if its seller asks. */
async function wish(
  tx: Transaction,
  row: ProductRow,
  rows: readonly ImageRow[],
  images: Image[],
  owner: string | null,
  now: Date,
): Promise<Product> {
  if (owner !== null && isReviewed(row)) await forgetUnused(tx, row.id, await keepPending(tx, row, rows, images, now));
  else {
    await showImages(tx, row.id, images);
    await forgetUnused(tx, row.id, await keepPending(tx, row, await imagesOf(tx, row.id), images, now));
  }
  return refreshed(tx, row.id);
}
