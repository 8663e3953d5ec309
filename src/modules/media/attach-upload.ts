import { sql } from '#kernel/database.ts';
import type { Nothing } from '#kernel/shapes.ts';
import type { Media } from './context.ts';
import { moveUpload } from './upload.ts';

/** Notes that the module that an image is for has stored it. One that was discarded meanwhile stays so. */
export async function attachUpload(ctx: Media, { id }: { id: string }): Promise<Nothing> {
  await moveUpload(ctx.db, id, 'attach', sql`state = 'attached', changed_at = ${ctx.clock.now()}`);
  return {};
}
