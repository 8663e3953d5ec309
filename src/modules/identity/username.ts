import { randomInt } from 'node:crypto';
import type { Secrets } from '#kernel/secrets.ts';
import { foldUsername } from '#kernel/shapes.ts';

/** Names that speak for the house. Only `ensureAccount` gives them away. */
const RESERVED = new Set(['souk', 'system', 'admin']);

const LONGEST = 40;
const ROOM_FOR_NUMBER = 6;

export const isReserved = (username: string): boolean => RESERVED.has(foldUsername(username));

/** Finds a name again, and keeps it taken when its account is erased, without keeping the name. */
export const usernameIndex = (secrets: Secrets, username: string): string =>
  secrets.blindIndex(foldUsername(username), 'identity.username');

/**
 * Names to try for somebody who chose none, the best first: spaces to underscores, then with a number.
 * After the small numbers come random ones, so that a very common name needs no long search.
 */
export function usernamesFrom(fullName: string): string[] {
  const base = baseOf(fullName);
  const small = Array.from({ length: 8 }, (_, index) => `${base}_${index + 2}`);
  const large = Array.from({ length: 8 }, () => `${base}_${randomInt(100, 100_000)}`);
  return [base, ...small, ...large].filter((name) => !isReserved(name));
}

function baseOf(fullName: string): string {
  const words = fullName.normalize('NFKC').trim().replaceAll(/\s+/g, '_');
  const letters = [...words.replaceAll(/[^\p{L}\p{N}_.-]/gu, '')];
  while (letters.join('').length > LONGEST - ROOM_FOR_NUMBER) letters.pop();
  const base = letters.join('').replace(/_+$/, '');
  return base.length < 3 ? `user_${base}`.replace(/_$/, '') : base;
}
