import { z } from 'zod';
import { operation } from './contracts.ts';
import { type Database, raw, sql } from './database.ts';
import type { Secrets } from './secrets.ts';

/**
 * Seals the next page of a module's sealed texts with the current key. Every module that seals has it, under this name:
 * `souk reseal` asks it of all of them.
 */
export const resealOperation = operation({
  input: z.object({ after: z.string().max(200).nullable(), limit: z.int().min(1).max(1000) }),
  output: z.object({
    after: z.string().nullable().meta({ description: 'Where the next page begins; null after the last' }),
    resealed: z.int(),
  }),
});

type Page = z.infer<typeof resealOperation.input>;
export type ResealedPage = z.infer<typeof resealOperation.output>;

/** A column of sealed texts. Names are put into SQL unquoted: they come from this code, never from a caller. */
export interface SealedColumn {
  /** With its schema. */
  table: string;
  column: string;
  /** What a text is bound to, by the value of `boundBy`. */
  place: (boundBy: string) => string;
  /** A unique key, by which pages go: `id`, a uuid, unless said otherwise. */
  key?: { name: string; type: 'uuid' | 'text' };
  /** The key, unless said otherwise. */
  boundBy?: string;
  /** Which rows may have one, where that spares a walk through the others. */
  where?: string;
  /** The blind index of the text: keys that make another one are not those of the database. */
  index?: { column: string; of: (secrets: Secrets, text: string) => string };
}

/**
 * The operation of a module with these columns: one after the other, a page of rows at a time. Beside a running server it
 * loses nothing: a text that changes meanwhile is left as it is, sealed by the code that changed it.
 */
export const resealing =
  (columns: readonly SealedColumn[]) =>
  async (ctx: { db: Database; secrets: Secrets }, { after, limit }: Page): Promise<ResealedPage> => {
    const [place, last] = after === null ? [0, null] : positionIn(after);
    const column = columns[place];
    if (!column) return { after: null, resealed: 0 };
    const rows = await ctx.db.many<SealedRow>(pageOf(column, last, limit));
    const end = rows.length < limit ? undefined : rows.at(-1)?.key;
    const isLast = end === undefined && place === columns.length - 1;
    return {
      after: isLast ? null : `${end === undefined ? place + 1 : place}:${end ?? ''}`,
      resealed: await resealRows(ctx, column, rows),
    };
  };

interface SealedRow {
  key: string;
  bound_by: string;
  sealed: string | null;
}

/** `2:abc` is behind the row abc in the third column, `2:` before its first row. */
function positionIn(after: string): [place: number, last: string | null] {
  const colon = after.indexOf(':');
  return [Number(after.slice(0, colon)), after.slice(colon + 1) || null];
}

const ID = { name: 'id', type: 'uuid' } as const;

function pageOf({ table, column, key = ID, boundBy = key.name, where = 'true' }: SealedColumn, last: string | null, limit: number) {
  const behind = last === null ? raw('true') : sql`${raw(key.name)} > ${last}${raw(`::${key.type}`)}`;
  return sql`
    select ${raw(key.name)}::text as key, ${raw(boundBy)}::text as bound_by, ${raw(column)} as sealed from ${raw(table)}
    where ${raw(where)} and ${behind} order by ${raw(`${table}.${key.name}`)} limit ${limit}`;
}

async function resealRows(ctx: { db: Database; secrets: Secrets }, { table, column, key = ID, place }: SealedColumn, rows: SealedRow[]) {
  const stale = rows.flatMap(({ key, bound_by, sealed }) => {
    const after = sealed === null ? undefined : ctx.secrets.reseal(sealed, place(bound_by));
    return after === undefined ? [] : [{ key, before: sealed, after }];
  });
  if (stale.length === 0) return 0;
  return ctx.db.execute(sql`
    update ${raw(table)} as t set ${raw(column)} = r.after
    from unnest(${stale.map((row) => row.key)}::${raw(key.type)}[], ${stale.map(({ before }) => before)}::text[], ${stale.map(({ after }) => after)}::text[])
      as r (key, before, after)
    where t.${raw(key.name)} = r.key and t.${raw(column)} = r.before`);
}
