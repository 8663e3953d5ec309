import { minutes } from '#kernel/clock.ts';
import { sql, type Transaction } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { uploadRefused } from '#media';
import type { Media } from './context.ts';
import { arrive } from './receive-upload.ts';
import { objectKey, told, UPLOAD, type UploadRow } from './upload.ts';
import { uploadMachine } from './upload-state.ts';

const BATCH = 200;
/** A file that began to come in time may take so long. */
const GRACE_MS = minutes(10);

/** Looks for files whose arrival nobody noted, then refuses those that were not sent in time. */
export async function expireUploads(ctx: Media): Promise<void> {
  const now = ctx.clock.now();
  const awaited = await ctx.db.many<UploadRow>(sql`
    select ${UPLOAD} from media.uploads where state = 'awaiting_upload' and expires_at < ${new Date(now.getTime() - GRACE_MS)} order by expires_at limit ${BATCH}`);
  for (const row of awaited) await expireUpload(ctx, row);
}

/** Whether an upload whose time is over has ended. With another store Souk cannot know whether bytes are arriving, so there is a time of grace. */
export const isOver = ({ storage, clock }: Media, { state, expires_at, arriving_since }: UploadRow): boolean => {
  const now = clock.now().getTime();
  const isComing = storage.door
    ? arriving_since !== null && arriving_since.getTime() > now - GRACE_MS
    : expires_at.getTime() > now - GRACE_MS;
  return state === 'awaiting_upload' && expires_at.getTime() < now && !isComing;
};

/** Refuses an upload whose time is up, unless its file is in the store: then it is checked. */
export async function expireUpload(ctx: Media, row: UploadRow): Promise<void> {
  if (await ctx.storage.look(objectKey(row.id))) await arrive(ctx, [row.id]);
  else await ctx.db.transaction((tx) => expire(tx, row, ctx.clock.now()));
}

async function expire(tx: Transaction, { id }: UploadRow, now: Date): Promise<void> {
  const row = await tx.maybe<UploadRow>(sql`
    update media.uploads set state = 'refused', reason = 'never-arrived', changed_at = ${now}
    where id = ${id} and ${uploadMachine.allows('expire')}
      and (arriving_since is null or arriving_since <= ${new Date(now.getTime() - GRACE_MS)}) returning ${UPLOAD}`);
  if (row) emit(tx, uploadRefused, row.subject_id, { ...told(row), reason: 'never-arrived' });
}
