import { z } from 'zod';
import { type AllowedUpload, RefusedUpload, type StorageDoor } from '#adapters/storage/port.ts';
import type { BodyStream } from '#kernel/body-stream.ts';
import { sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { malformed, notFound } from '#kernel/problems.ts';
import { Id } from '#kernel/shapes.ts';
import { type UploadState, uploadExpired } from '#media';
import { hashOf, refuseOtherFile, toldApart } from './arrived-file.ts';
import { budget } from './budget.ts';
import type { Media } from './context.ts';
import { checkUploadJob } from './jobs.ts';
import { type readNotAllowed, uploadNotAllowed } from './problems.ts';
import { type InTurn, uploads } from './receive-in-turn.ts';
import { findUpload, idIn, objectKey, UPLOAD, type UploadRow } from './upload.ts';
import { uploadMachine } from './upload-state.ts';

export const Received = z.object({ id: Id, state: z.enum(['checking', 'attached', 'refused']) }).meta({ id: 'ReceivedUpload' });

/** The query of a signed PUT. It is judged as a whole: what is missing, added or changed is refused. */
export const SignedQuery = z
  .looseObject({
    'X-Amz-Signature': z.string().max(200).optional().meta({ description: 'The signature; the other X-Amz- names are what it signs' }),
  })
  .meta({ description: 'The other names of the signed address, unchanged', example: { 'X-Amz-Expires': '900' } });

interface Put {
  url: string;
  header: (name: string) => string | undefined;
  headerNames: () => string[];
  stream: BodyStream;
}

/** Takes a file that was announced, if method, address, type, size and time are those that were signed. */
export async function receiveUpload(ctx: Media, { url, header, headerNames, stream }: Put): Promise<z.infer<typeof Received>> {
  const door = doorOf(ctx);
  const allowed = await judged(door.judgePut({ url, header, headerNames }, ctx.clock.now()));
  return receive(ctx, door, allowed, stream);
}

/** @throws notFound where files go to another system. */
export function doorOf({ storage }: Media): StorageDoor {
  if (!storage.door) throw notFound();
  return storage.door;
}

/** @throws uploadNotAllowed, or what else is said of an address that is not good */
export const judged = <T>(
  judging: Promise<T>,
  notAllowed: typeof uploadNotAllowed | typeof readNotAllowed = uploadNotAllowed,
): Promise<T> =>
  judging.catch((error) => {
    throw error instanceof RefusedUpload ? notAllowed({ reason: error.reason, explanation: error.message }) : error;
  });

/** The number of uploads of this process that use the database at a time, so that a thousand uploads do not make it refuse other calls. */
const asking = budget(50);

/**
 * Stores the file, then has it checked. Of one that has come already the sender has missed the reply, and hears how it stands.
 * @throws otherFileArrived, uploadExpired, notFound, malformed
 */
export const receive = (ctx: Media, door: StorageDoor, allowed: AllowedUpload, chunks: AsyncIterable<Uint8Array>) =>
  uploads((inTurn) => store(ctx, door, allowed, chunks, inTurn));

async function store(
  ctx: Media,
  door: StorageDoor,
  allowed: AllowedUpload,
  chunks: AsyncIterable<Uint8Array>,
  inTurn: InTurn,
): Promise<z.infer<typeof Received>> {
  const id = idIn(allowed.key);
  const row = id && (await asking(1, () => beginToArrive(ctx, id)));
  if (!id || !row) throw notFound();
  demandAwaited(row);
  if (row.state !== 'awaiting_upload') {
    await refuseOtherFile(ctx, id, await inTurn(chunks, (read) => hashOf(ctx, read)));
    return { id, state: row.state === 'ready' ? 'checking' : row.state };
  }
  const file = toldApart(ctx, chunks);
  const end = await inTurn(file.chunks, (read) => door.receive(allowed, read)).catch(async (error) => {
    await stopArriving(ctx, row);
    throw error;
  });
  if (end === 'wrong-size') {
    await stopArriving(ctx, row);
    throw malformed({
      reason: allowed.isOpen
        ? 'The file is empty or too large.'
        : `The file does not have the ${allowed.sizeBytes} bytes that were announced.`,
    });
  }
  const isNoted = (await asking(1, () => arrive(ctx, [id]))) === 1;
  if (!isNoted) await removeLate(ctx, id);
  if (!isNoted || end === 'exists') await refuseOtherFile(ctx, id, file.hash());
  return { id, state: 'checking' };
}

/** @throws uploadExpired where nobody waits for the file any more */
function demandAwaited(row: UploadRow): asserts row is UploadRow & { state: Exclude<UploadState, 'removed'> } {
  if (row.state === 'removed' || row.reason === 'never-arrived') throw uploadExpired();
}

/** While this file arrived, another one was checked, or the upload was no longer needed. Removes the file from the store. */
async function removeLate(ctx: Media, id: string): Promise<void> {
  const row = await findUpload(ctx.db, sql`id = ${id}`);
  if (row?.state !== 'checking') await ctx.storage.remove([objectKey(id)]);
  if (!row) throw notFound();
  demandAwaited(row);
}

/** The upload; from now on its bytes are coming, if they are awaited. */
const beginToArrive = async (ctx: Media, id: string): Promise<UploadRow | undefined> =>
  (await ctx.db.maybe<UploadRow>(sql`
    update media.uploads set arriving_since = ${ctx.clock.now()} where id = ${id} and ${uploadMachine.allows('arrive')} returning ${UPLOAD}`)) ??
  (await findUpload(ctx.db, sql`id = ${id}`));

/** They have stopped, unless another request has begun to send them. */
const stopArriving = (ctx: Media, { id, arriving_since }: UploadRow) =>
  asking(1, () =>
    ctx.db.execute(sql`update media.uploads set arriving_since = null where id = ${id} and arriving_since = ${arriving_since}`),
  );

/** Notes that files of these uploads are in the store, and has them checked. Those that are not awaited are passed over. @returns how many were */
export async function arrive(ctx: Media, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  return ctx.db.transaction(async (tx) => {
    const rows = await tx.many<{ id: string }>(sql`
      with awaited as (
        select id from media.uploads where id = any(${ids}::uuid[]) and ${uploadMachine.allows('arrive')} order by id for update
      )
      update media.uploads u set state = 'checking', changed_at = ${ctx.clock.now()} from awaited where u.id = awaited.id returning u.id`);
    for (const { id } of rows) enqueue(tx, checkUploadJob, { id });
    return rows.length;
  });
}

/** The same by the keys of their objects. */
export const arriveAll = (ctx: Media, keys: readonly string[]): Promise<number> =>
  arrive(
    ctx,
    keys.flatMap((key) => idIn(key) ?? []),
  );
