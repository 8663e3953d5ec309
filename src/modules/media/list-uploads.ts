import { sql } from '#kernel/database.ts';
import type { Refusal, UploadState } from '#media';
import type { Media } from './context.ts';

/** How uploads stand. Those that are not known are left out. */
export const listUploads = async (ctx: Media, { ids }: { ids: string[] }) => ({
  uploads: await ctx.db.many<{ id: string; state: UploadState; reason: Refusal | null; fileName: string | null }>(
    sql`select id, state, reason, file_name as "fileName" from media.uploads where id = any(${ids}::uuid[]) order by id`,
  ),
});
