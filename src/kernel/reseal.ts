import { z } from 'zod';
import { operation } from './contracts.ts';
import type { Sql } from './database.ts';
import type { Secrets } from './secrets.ts';
import { Id } from './shapes.ts';

/**
 * Seals the next page of a module's sealed columns with the current key, rows after that id. Every module that seals has it, under
 * this name: `souk reseal` asks it of all of them. Beside a running server it loses nothing: a row that changes meanwhile is left as it is.
 */
export const resealOperation = operation({
  input: z.object({ after: Id.nullable(), limit: z.int().min(1).max(1000) }),
  output: z.object({ after: Id.nullable().meta({ description: 'Where the next page begins; null after the last' }), resealed: z.int() }),
});

export type ResealPage = z.infer<typeof resealOperation.input>;
export type ResealedPage = z.infer<typeof resealOperation.output>;

/** What was read of a row, and what is to stand there, in columns for `unnest`. */
export interface Reseals {
  ids: string[];
  before: string[];
  after: string[];
}

/** Seals what another key has sealed. `place` is what the text was bound to; `update` must ask for the text that was read. */
export async function resealRows(
  parts: { db: { execute(statement: Sql): Promise<number> }; secrets: Secrets },
  rows: readonly { id: string; sealed: string | null }[],
  place: (id: string) => string,
  update: (reseals: Reseals) => Sql,
): Promise<number> {
  const stale = rows.flatMap(({ id, sealed }) => {
    const after = sealed === null ? undefined : parts.secrets.reseal(sealed, place(id));
    return sealed === null || after === undefined ? [] : [{ id, before: sealed, after }];
  });
  if (stale.length === 0) return 0;
  return parts.db.execute(
    update({ ids: stale.map(({ id }) => id), before: stale.map(({ before }) => before), after: stale.map(({ after }) => after) }),
  );
}

/** Where the next page begins. */
export const nextPage = (rows: readonly { id: string }[], limit: number): string | null =>
  rows.length < limit ? null : (rows.at(-1)?.id ?? null);
