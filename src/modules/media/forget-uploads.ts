import { inBatches } from '#kernel/batches.ts';
import { days } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import type { Media } from './context.ts';
import { uploadMachine } from './upload-state.ts';

/** How long their owner may ask what became of uploads that ended. */
const STORED_MS = days(30);

/** Drops uploads that ended long ago. */
export async function forgetUploads(ctx: Media): Promise<void> {
  const before = new Date(ctx.clock.now().getTime() - STORED_MS);
  const forget = (size: number) =>
    ctx.db.execute(sql`
      delete from media.uploads where id in (select id from media.uploads where ${uploadMachine.allows('forget')} and changed_at < ${before} limit ${size})`);
  await inBatches(1000, forget, 20);
}
