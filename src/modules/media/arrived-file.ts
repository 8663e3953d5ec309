import { createHash } from 'node:crypto';
import { sql } from '#kernel/database.ts';
import type { Media } from './context.ts';
import { otherFileArrived } from './problems.ts';
import { findUpload, objectKey, type UploadRow } from './upload.ts';

/** A file as it comes, and once it has come, what tells it from others: a keyed hash, because files may be private. */
export function toldApart({ secrets }: Media, chunks: AsyncIterable<Uint8Array>) {
  const hash = createHash('sha256');
  const passing = async function* () {
    for await (const chunk of chunks) {
      hash.update(chunk);
      yield chunk;
    }
  };
  return { chunks: passing(), hash: () => secrets.fingerprint(hash.digest('base64url'), 'media.arrived') };
}

/** The same of a file that is read whole. */
export async function hashOf(ctx: Media, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const file = toldApart(ctx, chunks);
  for await (const _ of file.chunks);
  return file.hash();
}

/** Notes which file came, while it is still in the store. */
export const noteArrived = async (ctx: Media, { id }: UploadRow, bytes: Buffer): Promise<void> => {
  const hash = await hashOf(
    ctx,
    (async function* () {
      yield bytes;
    })(),
  );
  await ctx.db.execute(sql`update media.uploads set arrived_hash = ${hash} where id = ${id} and arrived_hash is null`);
};

/** @throws otherFileArrived where the file that has come to this address is another one; of one that nobody could read nothing is known */
export async function refuseOtherFile(ctx: Media, id: string, hash: string): Promise<void> {
  const noted = async () => (await findUpload(ctx.db, sql`id = ${id}`))?.arrived_hash;
  const arrived = (await noted()) ?? (await hashInStore(ctx, id)) ?? (await noted()); // it is noted before it leaves the store
  if (arrived && arrived !== hash) throw otherFileArrived();
}

async function hashInStore(ctx: Media, id: string): Promise<string | undefined> {
  try {
    return await hashOf(ctx, await ctx.storage.read(objectKey(id)));
  } catch (error) {
    if (await ctx.storage.look(objectKey(id))) throw error;
    return undefined;
  }
}
