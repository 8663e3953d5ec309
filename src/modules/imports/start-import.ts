import type { z } from 'zod';
import { z as schema } from 'zod';
import type { BodyStream } from '#kernel/body-stream.ts';
import { sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import { Problem, problem } from '#kernel/problems.ts';
import type { Imports } from './context.ts';
import {
  type Chunk,
  chunkInsert,
  chunksDelete,
  faultsInsert,
  type Import,
  type ImportRow,
  importById,
  importInsert,
  importView,
  lockImports,
  progress,
} from './import.ts';
import { importMachine } from './import-state.ts';
import { runImportJob } from './jobs.ts';
import { readRows, unreadable } from './read-file.ts';
import { type Fault, type FileRow, readProduct } from './read-product.ts';

/** Imports that are not finished: each holds its file in the database. */
const MOST_OPEN = 5;
/** Rows that are read, stored and saved together, except that the rows of one product stay together. */
export const CHUNK_ROWS = 100;

export const tooManyImports = problem({
  code: 'imports/too-many',
  status: 409,
  title: 'Other imports are not finished',
  members: { most: schema.int() },
  detail: ({ most }) => `There may be ${most} at a time. Send the file again when one of them is done.`,
});

/**
 * Takes a file and stores its products in chunks, reading as fast as it stores: memory holds one chunk. When all of it has arrived a job saves
 * the chunks. Nothing is saved of a file that breaks off or is no CSV.
 */
export async function startImport(ctx: Imports, body: BodyStream): Promise<z.infer<typeof Import>> {
  const rows = readRows(body)[Symbol.asyncIterator]();
  const first = await rows.next(); // a file without a header leaves nothing behind
  const id = newId();
  await begin(ctx, id);
  if (ctx.request) ctx.request.subject = id;
  try {
    await store(ctx, id, first, rows);
    return await begun(ctx, id);
  } catch (error) {
    await breakOff(ctx, id, error instanceof Problem ? error.message : 'The file did not arrive as a whole.');
    throw error;
  }
}

const begin = (ctx: Imports, id: string): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    await tx.execute(lockImports);
    if ((await tx.execute(importInsert({ id, by: ctx.actor.id, most: MOST_OPEN, at: ctx.clock.now() }))) === 0)
      throw tooManyImports({ most: MOST_OPEN });
  });

async function store(ctx: Imports, id: string, first: IteratorResult<FileRow>, rest: AsyncIterator<FileRow>): Promise<void> {
  let seq = 0;
  let chunk: FileRow[][] = [];
  let size = 0;
  for (let next = first; !next.done; next = await rest.next()) {
    const row = next.value;
    const last = chunk.at(-1);
    const isSame = last !== undefined && last[0]!.cells.id?.trim() === row.cells.id?.trim();
    if (!isSame && size >= CHUNK_ROWS) {
      await storeChunk(ctx, id, seq++, chunk);
      [chunk, size] = [[], 0];
    }
    if (isSame && last.length < MOST_OF_ONE) last.push(row);
    else chunk.push([row]);
    size++;
  }
  if (size > 0) await storeChunk(ctx, id, seq, chunk);
  if (size === 0 && seq === 0) throw unreadable({ reason: 'It has no rows below its header.' });
}

/** Rows with one id that are read as one product; more than a product may have variants, so that it is refused. */
const MOST_OF_ONE = 101;

async function storeChunk(ctx: Imports, id: string, seq: number, groups: readonly FileRow[][]): Promise<void> {
  const read = groups.map((rows) => readProduct(id, rows));
  const products = read.flatMap((one) => ('product' in one ? [one] : []));
  const faults: Fault[] = read.flatMap((one) => ('faults' in one ? one.faults : []));
  const refused = read.reduce((sum, one) => sum + ('faults' in one ? one.rows.length : 0), 0);
  const chunks = inHundreds(products).map(
    (some, part): Chunk => ({ seq, part, rows: some.reduce((sum, { rows }) => sum + rows.length, 0), products: some }),
  );
  const rows = groups.reduce((sum, group) => sum + group.length, 0);
  await ctx.db.transaction(async (tx) => {
    if (chunks.length > 0) await tx.execute(chunkInsert(id, chunks));
    if (faults.length > 0) await tx.execute(faultsInsert(id, faults));
    if ((await tx.execute(progress(id, { rows, refused }, ctx.clock.now()))) === 0) throw unreadable({ reason: 'It arrived too slowly.' });
  });
}

const inHundreds = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / 100) }, (_, n) => all.slice(n * 100, n * 100 + 100));

const begun = (ctx: Imports, id: string): Promise<z.infer<typeof Import>> =>
  ctx.db.transaction(async (tx) => {
    const begun = await tx.execute(sql`
      update imports.imports set state = 'running', changed_at = ${ctx.clock.now()} where id = ${id} and ${importMachine.allows('begin')}`);
    if (begun === 0) throw unreadable({ reason: 'It arrived too slowly.' });
    enqueue(tx, runImportJob, { importId: id });
    return importView(await tx.one<ImportRow>(importById(id)));
  });

/** What was stored of the file goes; the import says why. */
export const breakOff = (ctx: Imports, id: string, failure: string): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const failed = await tx.execute(sql`
      update imports.imports set state = 'failed', failure = ${failure}, changed_at = ${ctx.clock.now()} where id = ${id} and ${importMachine.allows('break-off')}`);
    if (failed > 0) await tx.execute(chunksDelete(id));
  });
