import type { ArrivingRequest } from '#adapters/storage/port.ts';
import { sql } from '#kernel/database.ts';
import { fileReply } from '#kernel/file-reply.ts';
import { notFound } from '#kernel/problems.ts';
import type { Media } from './context.ts';
import { fileKeyPlace, openFile, plainBytes, privateKey } from './private-file.ts';
import { readNotAllowed } from './problems.ts';
import { judged } from './receive-upload.ts';
import { findUpload, privateTypeOf, type UploadRow } from './upload.ts';

/** Where private files are read, below `/v1`. */
const pathOf = (id: string): string => `private-files/${id}`;

const ENDINGS = { 'image/jpeg': 'jpg', 'application/pdf': 'pdf' } as const;

/** Signs an address of a private file that is attached. @throws notFound */
export async function signPrivateRead(
  ctx: Media,
  { id, seconds }: { id: string; seconds: number },
): Promise<{ url: string; expiresAt: string }> {
  await attachedFile(ctx, id);
  const now = new Date(Math.floor(ctx.clock.now().getTime() / 1000) * 1000); // signatures know whole seconds
  const url = await ctx.storage.reads.sign({ key: pathOf(id), now, expiresInSeconds: seconds });
  return { url, expiresAt: new Date(now.getTime() + seconds * 1000).toISOString() };
}

/** A private file, decrypted while it is sent. Its address must be signed and not over; it does not matter who sends it. @throws readNotAllowed, notFound */
export async function readPrivateFile(ctx: Media, id: string, request: ArrivingRequest) {
  const key = await judged(ctx.storage.reads.judge(request, ctx.clock.now()), readNotAllowed);
  if (key !== pathOf(id)) throw notFound();
  const { row, sealedKey } = await attachedFile(ctx, id);
  const object = await ctx.storage.look(privateKey(id));
  if (!object) throw notFound();
  const sizeBytes = plainBytes(object.sizeBytes);
  if (sizeBytes < 1) throw new Error(`The private file ${id} was cut in the store: it has ${object.sizeBytes} bytes.`);
  const type = privateTypeOf(row);
  const lock = { id, fileKey: ctx.secrets.unseal(sealedKey, fileKeyPlace(id)) };
  const stored = { sizeBytes: object.sizeBytes, read: (range: { first: number; last: number }) => ctx.storage.read(privateKey(id), range) };
  return fileReply({
    type,
    sizeBytes,
    etag: `"${id}"`,
    fileName: `${row.purpose}.${ENDINGS[type]}`,
    open: async (range = { first: 0, last: sizeBytes - 1 }) => whole(ctx, id, openFile(lock, stored, range)),
  });
}

/** A file that was changed in the store ends the connection, and the operator hears of it. */
async function* whole({ log }: Media, id: string, parts: AsyncIterable<Uint8Array>) {
  try {
    yield* parts;
  } catch (error) {
    log.error({ err: error, upload: id }, 'a private file cannot be opened: it was changed in the store, or is not there');
    throw error;
  }
}

async function attachedFile({ db }: Media, id: string): Promise<{ row: UploadRow; sealedKey: string }> {
  const row = await findUpload(db, sql`id = ${id} and state = 'attached'`);
  if (!row?.file_key_sealed) throw notFound();
  return { row, sealedKey: row.file_key_sealed };
}
