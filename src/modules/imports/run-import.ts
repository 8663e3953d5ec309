import { type SaveRefusal, variantsAlike } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import type { Imports } from './context.ts';
import {
  type Chunk,
  type ChunkProduct,
  chunkDelete,
  chunkInsert,
  faultsInsert,
  type ImportRow,
  importById,
  namesInsert,
  nextChunk,
  placesDelete,
  progress,
} from './import.ts';
import { importMachine } from './import-state.ts';
import { runImportJob } from './jobs.ts';
import { besides, type Fault } from './read-product.ts';
import { apartOnes } from './rows-apart.ts';

/** A run of the job takes so many, and asks for the next run: a deployment waits for a few seconds at most. */
const CHUNKS_OF_A_RUN = 20;

/**
 * Saves the next chunks of a file. A chunk goes in the transaction that saves its products; where catalog runs elsewhere it goes after it. A
 * run that is repeated saves a chunk again at most, which changes nothing and counts once.
 */
export async function runImport(ctx: Imports, { importId }: { importId: string }): Promise<void> {
  for (let turn = 0; turn < CHUNKS_OF_A_RUN; turn++) {
    const chunk = await ctx.db.maybe<Chunk>(nextChunk(importId));
    if (!chunk) return finish(ctx, importId);
    await saveChunk(ctx, importId, chunk);
    ctx.signal?.throwIfAborted();
  }
  await ctx.db.transaction(async (tx) => enqueue(tx, runImportJob, { importId }, { cause: ctx.cause }));
}

const finish = (ctx: Imports, importId: string): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    if ((await tx.execute(finished(importId, ctx.clock.now()))) > 0) await tx.execute(placesDelete(importId));
  });

export const finished = (importId: string, at: Date): Sql => sql`
  update imports.imports set state = 'done', changed_at = ${at}
  where id = ${importId} and ${importMachine.allows('finish')} and not exists (select from imports.chunks where import_id = ${importId})`;

async function saveChunk(ctx: Imports, importId: string, chunk: Chunk): Promise<void> {
  try {
    await ctx.together(async (ctx) => {
      const products = chunk.products.map(({ product }) => product);
      const apart = await apartOnes(
        ctx.db,
        importId,
        products.map(({ id }) => id),
      );
      const together = products.filter(({ id }) => !apart.has(id));
      const outcome = together.length > 0 ? await ctx.catalog.saveProducts({ products: together }) : [];
      const refusals = new Map<string, SaveRefusal | null>([...apart, ...outcome.map(({ id, refusal }) => [id, refusal] as const)]);
      await fetchImages(
        ctx,
        importId,
        chunk.products.filter(({ product }) => !refusals.get(product.id)),
      );
      await conclude(ctx, importId, chunk, ({ product }) => refusals.get(product.id) ?? null);
    });
  } catch (error) {
    if (!variantsAlike.is(error)) throw error;
    const refusal = { column: 'options', reason: 'Two variants of the product are the same: each needs its own options and its own SKU' };
    if (chunk.products.length === 1) await conclude(ctx, importId, chunk, () => refusal);
    else await split(ctx, importId, chunk);
  }
}

/** Images are fetched later, by jobs of media: an address that leads nowhere refuses no row. */
async function fetchImages(ctx: Imports, importId: string, products: readonly ChunkProduct[]): Promise<void> {
  const wanted = products.filter(({ images }) => images.length > 0);
  if (wanted.length === 0) return;
  const { created_by: ownerId } = await ctx.db.one<ImportRow>(importById(importId));
  for (const { product, images } of wanted) await ctx.catalog.fetchImages({ ownerId, productId: product.id, images });
}

type Refuses = (of: ChunkProduct) => SaveRefusal | null;

const conclude = (ctx: Imports, importId: string, chunk: Chunk, refusalOf: Refuses): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    if ((await tx.execute(chunkDelete(importId, chunk))) === 0) return; // another run was first
    const faults = chunk.products.flatMap((of): Fault[] => {
      const refusal = refusalOf(of);
      if (!refusal) return [];
      const { column, reason, variant = 0 } = refusal;
      const wrong = of.rows[variant]!;
      return of.rows.map((row) => (row === wrong ? ({ row, column, reason } as Fault) : { row, column: '', reason: besides(wrong) }));
    });
    const saved = chunk.products.filter((of) => refusalOf(of) === null);
    const done = saved.reduce((sum, { rows }) => sum + rows.length, 0);
    const names = saved.flatMap(({ product, name }) => (name === null ? [] : [{ productId: product.id, name }]));
    if (names.length > 0) await tx.execute(namesInsert(names));
    if (faults.length > 0) await tx.execute(faultsInsert(importId, faults));
    await tx.execute(progress(importId, { done, refused: chunk.rows - done }, ctx.clock.now()));
  });

/** Puts each product of a chunk into one of its own, so that one that cannot be saved stops no other. */
const split = (ctx: Imports, importId: string, chunk: Chunk): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    if ((await tx.execute(chunkDelete(importId, chunk))) === 0) return;
    const parts = chunk.products.map(
      (one, n): Chunk => ({ seq: chunk.seq, part: (chunk.part + 1) * 1000 + n, rows: one.rows.length, products: [one] }),
    );
    await tx.execute(chunkInsert(importId, parts));
  });
