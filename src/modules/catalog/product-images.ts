import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { partsOf } from '#kernel/batches.ts';
import { type Database, sql, type Transaction } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { problem } from '#kernel/problems.ts';
import { Id } from '#kernel/shapes.ts';
import { Alt, type Image } from '#media';
import { tellMediaJob } from './jobs.ts';
import type { Pending, ProductRow } from './product.ts';

/** The largest number of images of a product. Images that were announced and have not arrived count too. */
export const MOST_IMAGES = 20;

/** The images of a product in their order. */
export const SetImages = z
  .strictObject({
    images: z
      .array(z.strictObject({ id: Id, alt: Alt.optional() }))
      .max(MOST_IMAGES)
      .refine((images) => new Set(images.map(({ id }) => id)).size === images.length, 'an image stands here twice'),
  })
  .meta({ example: { images: [] } });

export const tooManyImages = problem({
  code: 'catalog/too-many-images',
  status: 409,
  title: 'The product has enough images',
  detail: `A product has at most ${MOST_IMAGES} images, those included whose files have not come yet. Remove one first.`,
});

export const unknownImage = problem({
  code: 'catalog/unknown-image',
  status: 409,
  title: 'No such image of this product',
  members: { ids: z.array(Id) },
  detail: ({ ids }) => `The product has no images ${ids.join(', ')}, or their files have not been checked yet.`,
});

export const imageInReview = problem({
  code: 'catalog/image-in-review',
  status: 409,
  title: 'The image waits for review',
  members: { ids: z.array(Id) },
  detail: ({ ids }) => `The images ${ids.join(', ')} wait for review. They can be shown once the change is approved.`,
});

export interface ImageRow {
  id: string;
  is_trusted: boolean;
  alt: string;
  /** Null until its file has come and was checked. */
  image: Image | null;
  /** Its place among those that are shown. */
  position: number | null;
  body_hash: string | null;
}

/** All images of a product, those that are shown first and in their order. */
export const imagesOf = (db: Database, productId: string): Promise<ImageRow[]> =>
  db.many(sql`
    select id, is_trusted, alt, image, position, body_hash from catalog.product_images where product_id = ${productId}
    order by position nulls last, created_at, id`);

const viewOf = ({ image, alt }: ImageRow): Image[] => (image ? [{ ...image, alt }] : []);

/** The images that everybody sees. */
export const shownAmong = (rows: readonly ImageRow[]): Image[] => rows.filter(({ position }) => position !== null).flatMap(viewOf);

/** The images that the seller wants: those that wait for review, else those that are shown. */
export const wantedOf = ({ pending }: Pick<ProductRow, 'pending'>, rows: readonly ImageRow[]): Image[] =>
  pending?.images ?? shownAmong(rows);

/** Images in the order that was asked for, with the `alt` that they have in `known`. @throws unknownImage for those that are not here. */
export function chosen(rows: readonly ImageRow[], known: readonly Image[], wanted: z.infer<typeof SetImages>['images']): Image[] {
  const here = new Map([...rows.flatMap(viewOf), ...known].map((image) => [image.id, image]));
  const unknown = wanted.map(({ id }) => id).filter((id) => !here.has(id));
  if (unknown.length > 0) throw unknownImage({ ids: unknown });
  return wanted.map(({ id, alt }) => ({ ...(here.get(id) as Image), ...(alt === undefined ? {} : { alt }) }));
}

/** Whether what a seller does to the images of a product waits for review. */
export const isReviewed = ({ state }: Pick<ProductRow, 'state'>): boolean => state === 'approved' || state === 'paused';

/** Shows these images, in this order, and no others. */
export const showImages = (tx: Transaction, productId: string, images: readonly Pick<Image, 'id' | 'alt'>[]): Promise<number> =>
  tx.execute(sql`
    update catalog.product_images as image set position = wanted.place, alt = coalesce(wanted.alt, image.alt)
    from catalog.product_images as known
    left join unnest(${images.map(({ id }) => id)}::uuid[], ${images.map(({ alt }) => alt)}::text[]) with ordinality as wanted (id, alt, place) on wanted.id = known.id
    where known.product_id = ${productId} and known.image is not null and image.id = known.id`);

/**
 * Shows images at once. Images of the seller that wait for review go on waiting: without those that are shown no more, with those that are
 * new, and with the new order and `alt` where the seller has changed neither. The product has a new version. @returns what waits.
 */
export async function showAtOnce(
  tx: Transaction,
  row: ProductRow,
  before: readonly Image[],
  after: readonly Image[],
  now: Date,
): Promise<Pending | null> {
  await showImages(tx, row.id, after);
  const waiting = row.pending?.images;
  return keepPending(tx, row, after, waiting ? rebased(waiting, before, after) : after, now);
}

function rebased(waiting: readonly Image[], before: readonly Image[], after: readonly Image[]): Image[] {
  const [was, is] = [byId(before), byId(after)];
  const kept = waiting
    .filter(({ id }) => is.has(id) || !was.has(id))
    .map((image) => (image.alt === was.get(image.id)?.alt ? (is.get(image.id) ?? image) : image));
  const here = byId(kept);
  const isCommon = ({ id }: Image): boolean => here.has(id) && was.has(id) && is.has(id);
  const orderIn = (images: readonly Image[]): string[] => images.filter(isCommon).map(({ id }) => id);
  const order = isDeepStrictEqual(orderIn(kept), orderIn(before)) ? orderIn(after) : orderIn(kept);
  const placed = kept.map((image) => (isCommon(image) ? (here.get(order.shift() as string) as Image) : image));
  return [...placed, ...after.filter(({ id }) => !was.has(id) && !here.has(id))];
}

const byId = (images: readonly Image[]): Map<string, Image> => new Map(images.map((image) => [image.id, image]));

/** Stores the images that wait for review; where they are those that are shown, none do. The product has a new version. */
export async function keepPending(
  tx: Transaction,
  row: ProductRow,
  shown: readonly Image[],
  images: readonly Image[],
  now: Date,
): Promise<Pending | null> {
  const { images: _, ...others } = row.pending ?? {};
  const pending: Pending = isDeepStrictEqual(images, shown) ? others : { ...others, images: [...images] };
  const waits = Object.keys(pending).length > 0;
  await tx.execute(sql`
    update catalog.products
    set pending = ${waits ? JSON.stringify(pending) : null}::jsonb, version = version + 1,
        waiting_since = ${!row.pending === !waits ? sql`waiting_since` : sql`${waits ? now : null}::timestamptz`}
    where id = ${row.id}`);
  return waits ? pending : null;
}

/** Discards images that are neither shown nor wait for review. Images that have not arrived stay. */
export async function forgetUnused(tx: Transaction, productId: string, pending: Pending | null): Promise<void> {
  const waiting = pending?.images?.map(({ id }) => id) ?? [];
  const gone = await tx.many<{ id: string }>(sql`
    delete from catalog.product_images
    where product_id = ${productId} and image is not null and position is null and id <> all(${waiting}::uuid[]) returning id`);
  discard(tx, gone);
}

/** Discards all images of archived products, also those that have not arrived. */
export async function forgetImages(tx: Transaction, productIds: readonly string[]): Promise<void> {
  discard(
    tx,
    await tx.many<{ id: string }>(sql`delete from catalog.product_images where product_id = any(${productIds}::uuid[]) returning id`),
  );
}

const AT_ONCE = 500;

export function discard(tx: Transaction, images: readonly { id: string }[]): void {
  for (const some of partsOf(images, AT_ONCE)) enqueue(tx, tellMediaJob, { attach: null, discard: some.map(({ id }) => id) });
}
