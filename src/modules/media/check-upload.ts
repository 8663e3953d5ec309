import { createHash } from 'node:crypto';
import { sql } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { IMAGE_LIMIT_BYTES, imageReady, type Refusal, uploadRefused } from '#media';
import { noteArrived } from './arrived-file.ts';
import type { Media } from './context.ts';
import { fetchFile, fetchLater } from './fetch-file.ts';
import { removeImageJob } from './jobs.ts';
import { inspect, makeSizes, PIPELINE_VERSION } from './make-sizes.ts';
import { storePrivateFile } from './store-private-file.ts';
import { FORMATS, fileKey, findImage, IMAGE, type ImageRow, imageOf } from './stored-image.ts';
import { findUpload, moveUpload, objectKey, told, type UploadRow } from './upload.ts';

/**
 * Looks at a file that has arrived: refuses it, or makes its sizes, stores them and announces the image. A private file is stored
 * encrypted instead. Nobody is told of it before all of it is stored. It may run again at every point.
 */
export async function checkUpload(ctx: Media, { id }: { id: string }): Promise<void> {
  const row = await findUpload(ctx.db, sql`id = ${id}`);
  if (row?.state === 'awaiting_upload') return;
  if (row?.state !== 'checking') return ctx.storage.remove([objectKey(id)]); // an attempt before was cut off at its end
  if (row.size_bytes === null && row.source_url === null && (await isTooLarge(ctx, row))) return refuse(ctx, row, 'wrong-size');
  const bytes = row.source_url === null ? await bytesOf(ctx, row) : await fetchFile(ctx, row.source_url);
  if (bytes === 'later' && (await fetchLater(ctx, row))) return;
  if (bytes === undefined || bytes === 'later') return refuse(ctx, row, 'not-fetched');
  if (row.source_url === null) await noteArrived(ctx, row, bytes);
  if (row.size_bytes !== null && bytes.length !== row.size_bytes) return refuse(ctx, row, 'wrong-size');
  const refusal = row.is_private ? await storePrivateFile(ctx, row, bytes) : await storeImage(ctx, row, bytes);
  if (refusal) return refuse(ctx, row, refusal);
  await ctx.storage.remove([objectKey(id)]);
}

/** @returns why it is not taken */
async function storeImage(ctx: Media, row: UploadRow, bytes: Buffer): Promise<Refusal | undefined> {
  const seen = await inspect(bytes, row.content_type);
  if ('refusal' in seen) return seen.refusal;
  const hash = hashOf(bytes);
  if (!(await referTo(ctx, row, hash))) return undefined;
  const refusal = await storeSizes(ctx, hash, bytes, seen.pixels);
  if (!refusal) await accept(ctx, row, hash);
  return refusal;
}

/** For a file without an announced size: the store may have accepted more than an image may have. */
const isTooLarge = async (ctx: Media, { id }: UploadRow): Promise<boolean> =>
  ((await ctx.storage.look(objectKey(id)))?.sizeBytes ?? 0) > IMAGE_LIMIT_BYTES;

const bytesOf = async (ctx: Media, { id }: UploadRow): Promise<Buffer> =>
  Buffer.concat(await Array.fromAsync(await ctx.storage.read(objectKey(id))));

const hashOf = (bytes: Buffer): string => createHash('sha256').update(`v${PIPELINE_VERSION}:`).update(bytes).digest('base64url');

/**
 * Has the upload refer to the image of its bytes, so that nobody removes it any more.
 * @returns false where the upload is no longer to be checked. @throws Error while that image is being removed: it is tried again
 */
const referTo = (ctx: Media, { id }: UploadRow, hash: string): Promise<boolean> =>
  ctx.db.transaction(async (tx) => {
    const image = await tx.one<ImageRow>(sql`
      insert into media.images (hash, created_at) values (${hash}, ${ctx.clock.now()})
      on conflict (hash) do update set hash = excluded.hash returning ${IMAGE}`);
    if (image.removing_since) throw new Error(`The image ${hash} is being removed.`);
    return (await tx.execute(sql`update media.uploads set image_hash = ${hash} where id = ${id} and state = 'checking'`)) === 1;
  });

/** What an image shows can be seen at this width. */
const JUDGED_WIDTH = 400;
const isJpeg = ({ format }: { format: string }): boolean => format === 'jpg';

/** Makes and stores the sizes of an image, if another upload has not. @returns why it is not taken */
async function storeSizes(ctx: Media, hash: string, bytes: Buffer, pixels: number): Promise<Refusal | undefined> {
  if ((await findImage(ctx.db, hash))?.stored_at) return undefined;
  const sizes = await makeSizes(bytes, pixels);
  if (!sizes) return 'truncated';
  const shown = sizes.files.findLast(({ width, format }) => format === 'jpg' && width <= JUDGED_WIDTH) ?? sizes.files.find(isJpeg)!;
  if ((await ctx.imageModeration.judge(shown.bytes)) === 'refused') return 'inappropriate';
  for (const file of sizes.files) await ctx.storage.write(fileKey(hash, file.width, file.format), file.bytes, FORMATS[file.format]);
  await ctx.db.execute(sql`
    update media.images set width = ${sizes.width}, height = ${sizes.height}, widths = ${sizes.widths}, stored_at = ${ctx.clock.now()}
    where hash = ${hash} and stored_at is null`);
  return undefined;
}

const accept = (ctx: Media, { id }: UploadRow, hash: string): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const row = await moveUpload(tx, id, 'accept', sql`state = 'ready', changed_at = ${ctx.clock.now()}`);
    if (!row) return;
    const image = imageOf(ctx, row, (await findImage(tx, hash))!);
    emit(tx, imageReady, row.subject_id, { ...told(row), alt: row.alt, image });
  });

async function refuse(ctx: Media, { id }: UploadRow, reason: Refusal): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const hash = (await findUpload(tx, sql`id = ${id} for update`))?.image_hash;
    const row = await moveUpload(
      tx,
      id,
      'refuse',
      sql`state = 'refused', reason = ${reason}, image_hash = null, file_key_sealed = null, changed_at = ${ctx.clock.now()}`,
    );
    if (!row) return;
    emit(tx, uploadRefused, row.subject_id, { ...told(row), reason });
    if (hash) enqueue(tx, removeImageJob, { hash });
  });
  await ctx.storage.remove([objectKey(id)]);
}
