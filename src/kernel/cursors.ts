import { timingSafeEqual } from 'node:crypto';
import { malformed } from './problems.ts';
import type { Secrets } from './secrets.ts';

type Position = readonly (string | number | null)[];

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
