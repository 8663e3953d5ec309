import { sql } from '#kernel/database.ts';
import type { Media } from './context.ts';
import { privateKey } from './private-file.ts';
import { filesOf } from './stored-image.ts';
import { objectKey } from './upload.ts';

/**
 * Removes the files of an image that no upload refers to. First it is marked, so that nothing refers to it from then on; then its files
 * go, then its row. It may run again at every point.
 */
export async function removeImage(ctx: Media, { hash }: { hash: string }): Promise<void> {
  if (!(await markUnused(ctx, hash))) return;
  for (let found = await ctx.storage.list(filesOf(hash)); found.length > 0; found = await ctx.storage.list(filesOf(hash)))
    await ctx.storage.remove(found.map(({ key }) => key));
  await ctx.db.execute(sql`delete from media.images where hash = ${hash} and removing_since is not null`);
}

const markUnused = (ctx: Media, hash: string): Promise<boolean> =>
  ctx.db.transaction(async (tx) => {
    const image = await tx.maybe(sql`select from media.images where hash = ${hash} for update`);
    if (!image) return false;
    const user = await tx.maybe(sql`select from media.uploads where image_hash = ${hash} limit 1`);
    if (user) return false;
    await tx.execute(sql`update media.images set removing_since = coalesce(removing_since, ${ctx.clock.now()}) where hash = ${hash}`);
    return true;
  });

/** Removes files that were announced and that nobody waits for, and private files that are discarded. */
export const removeObjects = (ctx: Media, { ids }: { ids: string[] }): Promise<void> =>
  ctx.storage.remove(ids.flatMap((id) => [objectKey(id), privateKey(id)]));
