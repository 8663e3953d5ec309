import { sql } from '#kernel/database.ts';
import type { Nothing } from '#kernel/shapes.ts';
import type { Media } from './context.ts';
import { discardUploads } from './discard-uploads.ts';
import { moveUpload } from './upload.ts';

/**
 * Notes that the module that an image is for has stored it. One that was discarded meanwhile stays so. Where the subject shows one image only,
 * files for it that were announced before and have not been checked are no longer needed: they are refused when they come.
 */
export async function attachUpload(ctx: Media, { id }: { id: string }): Promise<Nothing> {
  await moveUpload(ctx.db, id, 'attach', sql`state = 'attached', changed_at = ${ctx.clock.now()}`);
  const superseded = await ctx.db.many<{ id: string }>(sql`
    select earlier.id from media.uploads as earlier join media.uploads as shown using (purpose, subject_id)
    where shown.id = ${id} and shown.state = 'attached' and earlier.id < ${id} and earlier.state in ('awaiting_upload', 'checking')
      and earlier.purpose in ('profile-picture', 'category-image', 'banner-image')`);
  return discardUploads(ctx, { ids: superseded.map((upload) => upload.id), reason: 'a later one is shown' });
}
