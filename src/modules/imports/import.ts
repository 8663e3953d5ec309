import { z } from 'zod';
import type { ImportedImage, SavedProduct } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import type { Key } from '#kernel/routes.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { type ImportState, importMachine } from './import-state.ts';
import type { Fault } from './read-product.ts';

export interface ImportRow {
  id: string;
  created_by: string;
  state: ImportState;
  rows: number;
  done: number;
  refused: number;
  reported: number;
  failure: string | null;
  body_hash: string | null;
  created_at: Date;
  changed_at: Date;
}

export const Import = z
  .object({
    id: Id,
    state: importMachine.State.meta({ example: 'running' }),
    rows: z.int().meta({ description: 'Rows of the file, without its header, as far as it has arrived', example: 1200 }),
    done: z.int().meta({ description: 'Rows that are saved', example: 800 }),
    refused: z.int().meta({ description: 'Rows that are not saved; the report says why', example: 2 }),
    failure: z.string().nullable().meta({ description: 'Why nothing of the file is saved', example: null }),
    createdAt: Time,
    changedAt: Time,
  })
  .meta({ id: 'Import' });

export const Refusal = z.object({
  row: z.int().meta({ description: 'As programs for tables count: the header is row 1, and empty rows count', example: 7 }),
  column: z.string().optional().meta({ description: 'Absent where the row as a whole is refused', example: 'price' }),
  reason: z.string().meta({ example: 'must be a number such as 20.50, more than 0, with the decimals of USD' }),
});

export const importView = (row: ImportRow): z.infer<typeof Import> => ({
  id: row.id,
  state: row.state,
  rows: row.rows,
  done: row.done,
  refused: row.refused,
  failure: row.failure,
  createdAt: row.created_at.toISOString(),
  changedAt: row.changed_at.toISOString(),
});

const COLUMNS = sql`id, created_by, state, rows, done, refused, reported, failure, body_hash, created_at, changed_at`;

export const importById = (id: string): Sql => sql`select ${COLUMNS} from imports.imports where id = ${id}`;
/** The import of a call with this key. */
export const importByKey = ({ principal, value }: Key): Sql =>
  sql`select ${COLUMNS} from imports.imports where principal = ${principal} and idempotency_key = ${value}`;
export const importsBy = (accountId: string, rows: number): Sql =>
  sql`select ${COLUMNS} from imports.imports where created_by = ${accountId} order by id desc limit ${rows}`;

/** Imports begin one at a time, each until the end of its transaction, so that their number stays bounded. */
export const lockImports = sql`select pg_advisory_xact_lock(hashtextextended('imports.imports', 0))`;

export const importInsert = ({ id, by, key, most, at }: { id: string; by: string; key: Key; most: number; at: Date }): Sql => sql`
  insert into imports.imports (id, state, created_by, principal, idempotency_key, created_at, changed_at)
  select ${id}::uuid, 'receiving', ${by}::uuid, ${key.principal}, ${key.value}, ${at}::timestamptz, ${at}::timestamptz
  where (select count(*) from imports.imports where state in ('receiving', 'running')) < ${most} returning id`;

/** Some products of a file, and its rows among them that were refused already. */
export interface Chunk {
  seq: number;
  part: number;
  /** All rows of the file that it stands for, refused ones too. */
  rows: number;
  products: ChunkProduct[];
}

export interface ChunkProduct {
  product: SavedProduct;
  images: ImportedImage[];
  rows: number[];
  /** What the file calls it, where that is no id. */
  name: string | null;
}

export const chunkInsert = (importId: string, chunks: readonly Chunk[]): Sql => sql`
  insert into imports.chunks (import_id, seq, part, rows, products)
  select ${importId}::uuid, seq, part, rows, products
  from unnest(${chunks.map(({ seq }) => seq)}::int[], ${chunks.map(({ part }) => part)}::int[], ${chunks.map(({ rows }) => rows)}::int[],
              ${chunks.map(({ products }) => JSON.stringify(products))}::jsonb[]) as chunk (seq, part, rows, products)`;

export const nextChunk = (importId: string): Sql => sql`
  select seq, part, rows, products from imports.chunks where import_id = ${importId} order by seq, part limit 1`;

export const chunkDelete = (importId: string, { seq, part }: Pick<Chunk, 'seq' | 'part'>): Sql =>
  sql`delete from imports.chunks where import_id = ${importId} and seq = ${seq} and part = ${part}`;

export const chunksDelete = (importId: string): Sql => sql`delete from imports.chunks where import_id = ${importId}`;

/** The rows of products in a file that is not saved yet: the first row, and the first row of a second place if there is one. */
export interface Place {
  productId: string;
  row: number;
  apart: number | null;
}

export const placesUpsert = (importId: string, places: readonly Place[]): Sql => sql`
  insert into imports.places as known (import_id, product_id, row, apart)
  select ${importId}::uuid, product_id, row, apart
  from unnest(${places.map(({ productId }) => productId)}::uuid[], ${places.map(({ row }) => row)}::int[], ${places.map(({ apart }) => apart)}::int[])
       as place (product_id, row, apart) order by product_id
  on conflict (import_id, product_id) do update set apart = coalesce(known.apart, excluded.row)`;

/** Those of these products that stand in two places. */
export const apartPlaces = (importId: string, productIds: readonly string[]): Sql => sql`
  select product_id as "productId", row, apart from imports.places
  where import_id = ${importId} and product_id = any(${productIds}::uuid[]) and apart is not null`;

export const placesDelete = (importId: string): Sql => sql`delete from imports.places where import_id = ${importId}`;

/** Adds to what is known of an import. Its row is locked from then on. */
export const progress = (id: string, more: { rows?: number; done?: number; refused?: number }, at: Date): Sql => sql`
  update imports.imports set rows = rows + ${more.rows ?? 0}, done = done + ${more.done ?? 0}, refused = refused + ${more.refused ?? 0}, changed_at = ${at}
  where id = ${id} and state in ('receiving', 'running') returning ${COLUMNS}`;

/** Faults of which an import keeps the reasons; of those after them it keeps the number. */
export const MOST_REPORTED = 10_000;

export const faultsInsert = (importId: string, faults: readonly Fault[]): Sql => sql`
  with told as (
    insert into imports.refusals (import_id, row, "column", reason)
    select ${importId}::uuid, row, col, min(reason) from unnest(${faults.map(({ row }) => row)}::int[], ${faults.map(({ column }) => column)}::text[],
      ${faults.map(({ reason }) => reason.slice(0, 300))}::text[]) as fault (row, col, reason)
    group by row, col order by row, col limit greatest(0, ${MOST_REPORTED} - (select reported from imports.imports where id = ${importId}))
    on conflict do nothing returning 1)
  update imports.imports set reported = reported + (select count(*) from told) where id = ${importId}`;

export const refusalsPage = (importId: string, after: readonly [number, string] | undefined, rows: number): Sql => sql`
  select row, "column", reason from imports.refusals
  where import_id = ${importId} ${after ? sql`and (row, "column") > (${after[0]}::int, ${after[1]}::text)` : sql``}
  order by row, "column" limit ${rows}`;

/** Stores the names that files use for products, so that an export uses them too. */
export const namesInsert = (names: readonly { productId: string; name: string }[]): Sql => sql`
  insert into imports.names (product_id, name)
  select * from unnest(${names.map(({ productId }) => productId)}::uuid[], ${names.map(({ name }) => name)}::text[]) as named (product_id, name)
  order by product_id on conflict do nothing`;

export const namesOf = (productIds: readonly string[]): Sql =>
  sql`select product_id as "productId", name from imports.names where product_id = any(${productIds}::uuid[])`;

export const staleImports = (before: Date): Sql =>
  sql`select id from imports.imports where state = 'receiving' and changed_at < ${before} order by changed_at limit 100`;

export const oldImports = (before: Date, rows: number): Sql => sql`
  delete from imports.imports where id = any(array(
    select id from imports.imports where state in ('done', 'failed') and changed_at < ${before} order by changed_at limit ${rows}))`;
