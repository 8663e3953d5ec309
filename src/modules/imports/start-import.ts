import { createHash, type Hash } from 'node:crypto';
import type { z } from 'zod';
import { z as schema } from 'zod';
import type { BodyStream } from '#kernel/body-stream.ts';
import { sql, type Transaction } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { refuseOtherBody } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { Problem, problem, stillRunning } from '#kernel/problems.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import type { Imports } from './context.ts';
import {
  type Chunk,
  chunkInsert,
  chunksDelete,
  faultsInsert,
  type Import,
  type ImportRow,
  importById,
  importByKey,
  importInsert,
  importView,
  lockImports,
  placesDelete,
  progress,
} from './import.ts';
import { importMachine } from './import-state.ts';
import { runImportJob } from './jobs.ts';
import { readRows, unreadable } from './read-file.ts';
import { type Fault, type FileRow, MAX_VARIANTS, type ReadProduct, readProduct, TOO_MANY_VARIANTS } from './read-product.ts';
import { idIn, notePlaces } from './rows-apart.ts';

/** Imports that are not finished: each holds its file in the database. */
const MOST_OPEN = 5;
/** Rows that are read, stored and saved together, except that the rows of one product stay together. */
export const CHUNK_ROWS = 100;

export const tooManyImports = problem({
  code: 'imports/too-many',
  status: 409,
  title: 'Other imports are not finished',
  members: { most: schema.int() },
  detail: ({ most }) => `At most ${most} imports run at a time. Send the file again when one of them is done.`,
});

/**
 * Takes a file and stores its products in chunks, reading as fast as it stores: memory holds one chunk. When all of it has arrived a job saves
 * the chunks. Nothing is saved of a file that breaks off or is no CSV. The same key with the same bytes is the same import.
 */
export async function startImport(
  ctx: Imports,
  body: BodyStream,
  key: Key,
): Promise<z.infer<typeof Import> | Replayed<z.infer<typeof Import>>> {
  const hash = createHash('sha256');
  const bytes = hashed(body, hash);
  const earlier = await ctx.db.maybe<ImportRow>(importByKey(key));
  if (earlier) return replay(earlier, key, { bytes, hash });
  const rows = readRows(bytes)[Symbol.asyncIterator]();
  const first = await rows.next(); // a file without a header leaves nothing behind
  const id = newId();
  if (ctx.request) ctx.request.subject = id;
  await begin(ctx, id, key);
  try {
    await store(ctx, id, first, rows);
    return await begun(ctx, id, bodyHashOf(hash, key));
  } catch (error) {
    await breakOff(ctx, id, error instanceof Problem ? error.message : 'The file did not arrive as a whole.');
    throw error;
  }
}

async function* hashed(body: BodyStream, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const bytes of body) {
    hash.update(bytes);
    yield bytes;
  }
}

const bodyHashOf = (hash: Hash, { bodyHash }: Key): string => `${bodyHash}.${hash.digest('base64url')}`;

/** @throws stillRunning while the file of the first call arrives, keyReused when this one is another file. */
async function replay(
  earlier: ImportRow,
  key: Key,
  { bytes, hash }: { bytes: AsyncIterable<Uint8Array>; hash: Hash },
): Promise<Replayed<z.infer<typeof Import>>> {
  if (earlier.body_hash === null) throw stillRunning({ retryAfterSeconds: 1 });
  for await (const _ of bytes); // it is compared by its hash
  refuseOtherBody(earlier, { ...key, bodyHash: bodyHashOf(hash, key) });
  return replayed(importView(earlier));
}

const begin = (ctx: Imports, id: string, key: Key): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    await tx.execute(lockImports);
    if (await tx.maybe(importByKey(key))) throw stillRunning({ retryAfterSeconds: 1 });
    if ((await tx.execute(importInsert({ id, by: ctx.actor.id, key, most: MOST_OPEN, at: ctx.clock.now() }))) === 0)
      throw tooManyImports({ most: MOST_OPEN });
  });

async function store(ctx: Imports, id: string, first: IteratorResult<FileRow>, rest: AsyncIterator<FileRow>): Promise<void> {
  let seq = 0;
  let chunk: FileRow[][] = [];
  let size = 0;
  for (let next = first; !next.done; next = await rest.next()) {
    const row = next.value;
    const last = chunk.at(-1);
    const isSame = last !== undefined && idIn(last[0]!) === idIn(row);
    const isFull = isSame && last.length === MOST_OF_ONE;
    if ((!isSame || isFull) && size >= CHUNK_ROWS) {
      await storeChunk(ctx, id, seq++, chunk);
      [chunk, size] = [[], 0];
    }
    if (isSame && !isFull) last.push(row);
    else chunk.push([isFull ? { ...row, fault: TOO_MANY_VARIANTS } : row]);
    size++;
  }
  if (size > 0) await storeChunk(ctx, id, seq, chunk);
  if (size === 0 && seq === 0) throw unreadable({ reason: 'It has no rows below its header.' });
}

/** Rows with one id that are read as one product; more than a product may have variants, so that it is refused. Those after them are too. */
const MOST_OF_ONE = MAX_VARIANTS + 1;

async function storeChunk(ctx: Imports, id: string, seq: number, groups: readonly FileRow[][]): Promise<void> {
  const read = groups.map((rows) => readProduct(id, rows));
  const rows = groups.reduce((sum, group) => sum + group.length, 0);
  await ctx.db.transaction(async (tx) => {
    await notePlaces(tx, id, groups);
    await storeRead(tx, id, seq, read);
    const refused = read.reduce((sum, one) => sum + ('faults' in one ? one.rows.length : 0), 0);
    if ((await tx.execute(progress(id, { rows, refused }, ctx.clock.now()))) === 0) throw unreadable({ reason: 'It arrived too slowly.' });
  });
}

async function storeRead(tx: Transaction, id: string, seq: number, read: readonly ReadProduct[]): Promise<void> {
  const products = read.flatMap((one) => ('product' in one ? [one] : []));
  const faults: Fault[] = read.flatMap((one) => ('faults' in one ? one.faults : []));
  const chunks = inCalls(products).map(
    (some, part): Chunk => ({ seq, part, rows: some.reduce((sum, { rows }) => sum + rows.length, 0), products: some }),
  );
  if (chunks.length > 0) await tx.execute(chunkInsert(id, chunks));
  if (faults.length > 0) await tx.execute(faultsInsert(id, faults));
}

/** What one call of `saveProducts` takes: 100 products, and as a service a megabyte in all. */
const MOST_PRODUCTS = 100;
const MOST_BYTES = 768 * 1024;

function inCalls<One extends { product: object }>(all: readonly One[]): One[][] {
  const calls: One[][] = [];
  let left = 0;
  for (const one of all) {
    const sizeBytes = Buffer.byteLength(JSON.stringify(one.product));
    const last = calls.at(-1);
    if (last && last.length < MOST_PRODUCTS && sizeBytes <= left) last.push(one);
    else {
      calls.push([one]);
      left = MOST_BYTES;
    }
    left -= sizeBytes;
  }
  return calls;
}

const begun = (ctx: Imports, id: string, bodyHash: string): Promise<z.infer<typeof Import>> =>
  ctx.db.transaction(async (tx) => {
    const begun = await tx.execute(sql`
      update imports.imports set state = 'running', body_hash = ${bodyHash}, changed_at = ${ctx.clock.now()} where id = ${id} and ${importMachine.allows('begin')}`);
    if (begun === 0) throw unreadable({ reason: 'It arrived too slowly.' });
    enqueue(tx, runImportJob, { importId: id });
    return importView(await tx.one<ImportRow>(importById(id)));
  });

/** Deletes what was stored of the file, and frees its key. The import shows the reason. */
export const breakOff = (ctx: Imports, id: string, failure: string): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const failed = await tx.execute(sql`
      update imports.imports set state = 'failed', failure = ${failure}, principal = null, idempotency_key = null, changed_at = ${ctx.clock.now()} where id = ${id} and ${importMachine.allows('break-off')}`);
    if (failed === 0) return;
    await tx.execute(chunksDelete(id));
    await tx.execute(placesDelete(id));
  });
