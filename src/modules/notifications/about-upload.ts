import type { z } from 'zod';
import { type Delivered, enqueue } from '#kernel/events.ts';
import { purposes, SHOP_ID, type uploadRefused } from '#media';
import type { Notifications } from './context.ts';
import { uploadRefusedJob } from './jobs.ts';
import { notifyAll } from './notify.ts';

type Refused = z.infer<typeof uploadRefused.payload>;

/** The accounts that announced refused files. The shop itself gets no notices. */
export const hearUploadRefused = (ctx: Notifications, events: Delivered<Refused>[]): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    for (const { payload, cause } of events) if (payload.ownerId !== SHOP_ID) enqueue(tx, uploadRefusedJob, payload, { cause });
  });

/**
 * Tells somebody why a file was refused. Not of one that an import fetched, whose owner has sent no file; nor that one never came where the
 * clean-up removes what was announced with it, and says so. An API key, which may own files as well, is no account and reads no notices.
 */
export async function tellUploadRefused(ctx: Notifications, { mediaId, purpose, subjectId, ownerId, reason }: Refused): Promise<void> {
  const { uploads } = await ctx.media.uploads({ ids: [mediaId] });
  const [upload] = uploads;
  if (upload?.state !== 'refused' || upload.fileName === null) return;
  if ((await ctx.identity.findAccounts({ ids: [ownerId] })).length === 0) return;
  const isCleanedUp = purpose === 'product-image' || purpose === 'category-image';
  if (reason === 'never-arrived' && isCleanedUp && (await ctx.catalog.stayWithoutImage({ ids: [subjectId] })).length === 0) return;
  const { products } = await ctx.catalog.listings({ productIds: purpose === 'product-image' ? [subjectId] : [], variantIds: [] });
  const file = purposes[purpose].visibility === 'public' ? upload.fileName : null;
  const values = { reason: { phrase: reason }, file, product: products[0]?.name ?? null };
  const notice = { key: `upload-refused:${mediaId}`, accountId: ownerId, cause: ctx.cause };
  await notifyAll(ctx, [{ ...notice, kind: 'upload-refused', text: 'upload-refused', values }]);
}
