import { keyReused } from './problems.ts';
import type { Key } from './routes.ts';

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
