import { timingSafeEqual } from 'node:crypto';
import { malformed } from './problems.ts';
import type { Secrets } from './secrets.ts';
import type { Page } from './shapes.ts';

export type Position = readonly (string | number | null)[];

/**
 * Where a page ended: the sort values of its last row, its id last, signed, and bound to the list it belongs to
 * (`scope` names the list and its order).
 */
export function cursorAfter(secrets: Secrets, scope: string, position: Position): string {
  const body = Buffer.from(JSON.stringify(position)).toString('base64url');
  return `${body}.${signature(secrets, scope, body).toString('base64url')}`;
}

/** @throws malformed when the cursor was tampered with or belongs to another list or order. */
export function readCursor(secrets: Secrets, scope: string, cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  const [body, mac] = cursor.split('.');
  const expected = signature(secrets, scope, body ?? '');
  const given = Buffer.from(mac ?? '', 'base64url');
  if (!body || given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw malformed({ reason: 'The cursor is not one of this list: take nextCursor of the page before, with the same filters and sort.' });
  }
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as Position;
}

const signature = (secrets: Secrets, scope: string, body: string): Buffer =>
  secrets.sign(`${scope}\u0000${body}`, 'cursor').subarray(0, 16);

interface Listed<Row, Item> {
  /** Reads at most `count` rows after a position: the list from there on, in its order. */
  rows: (after: Position | undefined, count: number) => Promise<Row[]>;
  /** The position of a row in the order of the list: the sort values, the id last. */
  position: (row: Row) => Position;
  item: (row: Row) => Item;
}

/**
 * A page of a list. It reads one row more than the page holds, which shows whether there is another page.
 * `list` names the list with its filters and its order: a cursor of another list is refused.
 * @throws malformed as `readCursor`.
 */
export async function pageOf<Row, Item>(
  { secrets }: { secrets: Secrets },
  list: string,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  { rows, position, item }: Listed<Row, Item>,
): Promise<Page<Item>> {
  const found = await rows(readCursor(secrets, list, cursor), limit + 1);
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(item), nextCursor: found.length > limit && last ? cursorAfter(secrets, list, position(last)) : null };
}

/** The id in the position of a list that is ordered by id alone. */
export const idIn = (after: Position | undefined): string | null => (after?.[0] ?? null) as string | null;
