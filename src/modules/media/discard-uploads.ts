import { sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import type { Nothing } from '#kernel/shapes.ts';
import type { Media } from './context.ts';
import { removeImageJob, removeObjectsJob } from './jobs.ts';
import { uploadMachine } from './upload-state.ts';

/** Lets uploads go; what only they referred to is removed by a job. Those that are gone stay so. */
export async function discardUploads(ctx: Media, { ids, reason }: { ids: string[]; reason: string }): Promise<Nothing> {
  if (ids.length === 0) return {};
  const now = ctx.clock.now();
  const rows = await ctx.db.transaction(async (tx) => {
    const gone = await tx.many<{ id: string; hash: string | null }>(sql`
      with old as (
        select id, image_hash from media.uploads where id = any(${ids}::uuid[]) and ${uploadMachine.allows('discard')} order by id for update
      )
      update media.uploads u set state = 'removed', image_hash = null, file_key_sealed = null, arrived_hash = null, changed_at = ${now} from old where u.id = old.id
      returning u.id, old.image_hash as hash`);
    if (gone.length > 0) enqueue(tx, removeObjectsJob, { ids: gone.map(({ id }) => id) });
    for (const hash of new Set(gone.flatMap((row) => row.hash ?? []))) enqueue(tx, removeImageJob, { hash });
    return gone;
  });
  if (rows.length > 0) ctx.log.info({ uploads: rows.length, reason }, 'uploads were discarded');
  return {};
}
