import { type Database, sql } from '#kernel/database.ts';
import { refuseOtherBody } from '#kernel/idempotency.ts';
import { derivedId, newId } from '#kernel/ids.ts';
import { keyReused, notFound } from '#kernel/problems.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import type { AnnouncedFile, AnnounceUpload, Upload } from '#media';
import type { Catalog } from './context.ts';
import { lockProduct, ownedProduct } from './product.ts';
import { MOST_IMAGES, tooManyImages } from './product-images.ts';

/** Announces one more image of a product. When its file has arrived it is shown last. `owner` null is staff, whose images need no review. */
export function announceImage(
  ctx: Catalog,
  productId: string,
  file: AnnounceUpload,
  { owner, key }: { owner: string | null; key: Key | undefined },
): Promise<Upload | Replayed<Upload>> {
  return ctx.together(async (ctx) => {
    if (!(await ctx.db.maybe(ownedProduct(productId, owner)))) throw notFound();
    const upload = await expectImage(ctx, file, {
      productId,
      key: key ? derivedId('product-image', key.principal, key.value) : newId(),
    });
    return ctx.db.transaction(async (tx) => {
      if (!(await lockProduct(tx, productId, owner))) throw notFound();
      const image = { id: upload.id, productId, alt: file.alt, isTrusted: owner === null, at: ctx.clock.now(), bodyHash: key?.bodyHash };
      if (await insertImage(tx, image)) {
        const { count } = await tx.one<{ count: number }>(
          sql`select count(*)::int as count from catalog.product_images where product_id = ${productId}`,
        );
        if (count > MOST_IMAGES) throw tooManyImages();
        return upload;
      }
      const earlier = await tx.one<{ is_its: boolean; body_hash: string | null }>(
        sql`select product_id = ${productId} as is_its, body_hash from catalog.product_images where id = ${upload.id}`,
      );
      if (!earlier.is_its) throw keyReused();
      if (key) refuseOtherBody(earlier, key);
      return replayed(upload);
    });
  });
}

/** Where to send the file of an image. The same key: the same upload and reply. */
export const expectImage = (ctx: Catalog, file: AnnouncedFile, { productId, key }: { productId: string; key: string }): Promise<Upload> =>
  ctx.media.announce({ ...file, key, ownerId: ctx.actor.id, purpose: 'product-image', subjectId: productId });

interface NewImage {
  id: string;
  productId: string;
  alt: string | undefined;
  isTrusted: boolean;
  at: Date;
  bodyHash?: string;
}

/** @returns false where it is there already. */
export const insertImage = async (db: Database, { id, productId, alt, isTrusted, at, bodyHash }: NewImage): Promise<boolean> =>
  (await db.execute(sql`
    insert into catalog.product_images (id, product_id, is_trusted, alt, body_hash, created_at)
    values (${id}, ${productId}, ${isTrusted}, ${alt ?? ''}, ${bodyHash ?? null}, ${at}) on conflict (id) do nothing`)) > 0;
