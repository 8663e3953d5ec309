import { type Database, type Sql, sql } from './database.ts';
import { keyReused, Problem, replayedRefusal, stillRunning } from './problems.ts';
import { type Key, type Replayed, replayed } from './routes.ts';

/** The three columns by which a row remembers the call that made it. */
export interface KeyColumns {
  principal: string | null;
  idempotency_key: string | null;
  body_hash: string | null;
}

/** What to store of a key, on a row of its own effect. Without a key the columns are null, and null never collides. */
export const keyColumns = (key: Key | undefined): KeyColumns => ({
  principal: key?.principal ?? null,
  idempotency_key: key?.value ?? null,
  body_hash: key?.bodyHash ?? null,
});

/** @throws keyReused when the row was made by a call with another body. */
export function refuseOtherBody(row: { body_hash: string | null }, key: Key): void {
  if (row.body_hash !== key.bodyHash) throw keyReused();
}

/** How an operation makes, finds and answers the effect of a key. */
export interface Keyed<Row, Answer> {
  /** Judges the call and writes the row that remembers it. undefined: a row under this key was there already. */
  make(): Promise<Row | undefined>;
  /** The row that an earlier call with this key wrote. @throws keyReused if that call was different. */
  find(key: Key): Promise<Row | undefined>;
  /** The reply to the row, or the refusal that it remembers; the same for the first call and for all that repeat it. */
  answer(row: Row, isFirst: boolean): Answer | Promise<Answer>;
}

/**
 * Makes the effect of a key once, and gives a repeated call the answer of the first one, even if something has changed since or the
 * call would be refused today. A call whose refusal wrote no row is checked again. The row is looked for only when
 * `make` refuses or comes second, so that a first call pays nothing for its key.
 *
 * @throws stillRunning when the first call is neither visible nor gone yet.
 */
export async function once<Row, Answer>(key: Key | undefined, keyed: Keyed<Row, Answer>): Promise<Answer | Replayed<Answer>> {
  let made: Row | undefined;
  try {
    made = await keyed.make();
  } catch (refusal) {
    const earlier = key && refusal instanceof Problem ? await keyed.find(key) : undefined;
    if (earlier === undefined) throw refusal;
    return repeat(keyed, earlier);
  }
  if (made !== undefined) return keyed.answer(made, true);
  const earlier = key && (await keyed.find(key));
  if (earlier === undefined) throw stillRunning({ retryAfterSeconds: 1 });
  return repeat(keyed, earlier);
}

async function repeat<Row, Answer>(keyed: Keyed<Row, Answer>, row: Row): Promise<Replayed<Answer>> {
  try {
    return replayed(await keyed.answer(row, false));
  } catch (refusal) {
    throw refusal instanceof Problem ? replayedRefusal(refusal) : refusal;
  }
}

/** `find` for rows that remember their call in the three columns. */
export async function sameCall<Row extends { body_hash: string | null }>(
  key: Key,
  row: Promise<Row | undefined>,
): Promise<Row | undefined> {
  const found = await row;
  if (found) refuseOtherBody(found, key);
  return found;
}

/**
 * The answer to a call whose effect another module has made under an id that follows from the key. `table` remembers the call:
 * its columns are `id` and `body_hash`. @throws keyReused
 */
export async function rememberedIn<T extends { id: string }>(
  db: Database,
  table: Sql,
  key: Key | undefined,
  value: T,
): Promise<T | Replayed<T>> {
  if (!key) return value;
  const isFirst = await db.execute(sql`
    insert into ${table} (id, body_hash) values (${value.id}, ${key.bodyHash}) on conflict (id) do nothing`);
  if (isFirst > 0) return value;
  refuseOtherBody(await db.one<{ body_hash: string }>(sql`select body_hash from ${table} where id = ${value.id}`), key);
  return replayed(value);
}
