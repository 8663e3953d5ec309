import { type Sql, sql } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { fileReady, type Refusal } from '#media';
import type { Media } from './context.ts';
import { refusalOfDocument } from './look-at-document.ts';
import { inspect, makeUpright } from './make-sizes.ts';
import { fileKeyPlace, newFileKey, privateKey, sealFile } from './private-file.ts';
import { findUpload, moveUpload, type PrivateType, privateTypeOf, told, type UploadRow } from './upload.ts';

/**
 * Checks a private file that has arrived, stores it encrypted and announces it. Nothing of it is stored otherwise, and image moderation,
 * which may be somebody else's, is not shown it. It may run again at every point. @returns why it is not taken
 */
export async function storePrivateFile(ctx: Media, row: UploadRow, bytes: Buffer): Promise<Refusal | undefined> {
  const type = privateTypeOf(row);
  const cleaned = await clean(bytes, row.content_type, type);
  if ('refusal' in cleaned) return cleaned.refusal;
  const fileKey = await keyOf(ctx, row);
  if (fileKey === undefined) return undefined;
  await ctx.storage.write(privateKey(row.id), sealFile({ id: row.id, fileKey }, cleaned.bytes), 'application/octet-stream', true);
  await ctx.db.transaction(async (tx) => {
    if (await moveUpload(tx, row.id, 'accept', sql`state = 'ready', changed_at = ${ctx.clock.now()}`))
      emit(tx, fileReady, row.subject_id, { ...told(row), contentType: type });
  });
  const after = await findUpload(ctx.db, sql`id = ${row.id}`);
  if (!after?.file_key_sealed) await ctx.storage.remove([privateKey(row.id)]); // discarded meanwhile, maybe before it was written
  return undefined;
}

/** What is stored of it: an image upright and without metadata, a document as it is. */
async function clean(bytes: Buffer, announced: string | null, type: PrivateType): Promise<{ bytes: Buffer } | { refusal: Refusal }> {
  if (bytes.length === 0) return { refusal: 'empty' };
  if (type === 'application/pdf') {
    const refusal = await refusalOfDocument(bytes);
    return refusal ? { refusal } : { bytes };
  }
  const seen = await inspect(bytes, announced);
  if ('refusal' in seen) return seen;
  const upright = await makeUpright(bytes, seen.pixels);
  return upright ? { bytes: upright } : { refusal: 'truncated' };
}

/** The key of this file. It is made once, so that the file can be read whichever attempt writes last. undefined: the upload needs no check any more. */
async function keyOf({ db, secrets }: Media, { id }: UploadRow): Promise<string | undefined> {
  const place = fileKeyPlace(id);
  const set: Sql = sql`file_key_sealed = coalesce(file_key_sealed, ${secrets.seal(newFileKey(), place)})`;
  const row = await db.maybe<{ file_key_sealed: string }>(sql`
    update media.uploads set ${set} where id = ${id} and state = 'checking' returning file_key_sealed`);
  return row && secrets.unseal(row.file_key_sealed, place);
}
