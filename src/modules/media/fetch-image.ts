import { sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import type { Announced } from './announce-upload.ts';
import type { Media } from './context.ts';
import { checkUploadJob } from './jobs.ts';

/** Asks for an image from an address. A job fetches it. */
export const fetchImage = (
  ctx: Media,
  { key, ownerId, purpose, subjectId, url, alt }: Announced & { url: string; alt: string },
): Promise<{ id: string }> => {
  const now = ctx.clock.now();
  return ctx.db.transaction(async (tx) => {
    const { id, isNew } = await tx.one<{ id: string; isNew: boolean }>(sql`
      insert into media.uploads (id, key, owner_id, purpose, subject_id, source_url, alt, state, expires_at, created_at, changed_at)
      values (${newId()}, ${key}, ${ownerId}, ${purpose}, ${subjectId}, ${url}, ${alt}, 'checking', ${now}, ${now}, ${now})
      on conflict (key) do update set key = excluded.key returning id, xmax = 0 as "isNew"`);
    if (isNew) enqueue(tx, checkUploadJob, { id });
    return { id };
  });
};
