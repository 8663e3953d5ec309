import { randomBytes, randomInt } from 'node:crypto';
import unhomoglyph from 'unhomoglyph';
import { type Database, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { foldUsername, Username } from '#kernel/shapes.ts';

/** Names that speak for the platform. Only `ensureAccount` gives them away. */
const RESERVED = ['souk', 'system', 'admin'];

const LONGEST = 40;
const ROOM_FOR_NUMBER = 6;

/** How a name looks, in its own letter case, in small and in capital letters: skeletons of UTS 39, section 4. */
function looksOf(username: string): Set<string> {
  const name = username.normalize('NFKC');
  const cases = [name, name.toLowerCase(), name.toUpperCase()];
  return new Set(cases.map((each) => unhomoglyph(each.normalize('NFD')).normalize('NFD').toLowerCase()));
}

/** True when somebody could take the name for one of these. */
export function looksLikeOneOf(username: string, others: readonly string[]): boolean {
  const looks = looksOf(username);
  return others.some((other) => !looks.isDisjointFrom(looksOf(other)));
}

const isReserved = (username: string): boolean => looksLikeOneOf(username, RESERVED);

const STAFF_AT_MOST = 5000;

/** True when the name belongs to the platform, or looks like it or like the name of a member of the staff. */
export async function isReservedName(db: Database, username: string): Promise<boolean> {
  if (isReserved(username)) return true;
  const staff = await db.many<{ username: string }>(sql`
    select username from identity.accounts where roles <> '{}' and username is not null order by id limit ${STAFF_AT_MOST}`);
  return looksLikeOneOf(
    username,
    staff.map((each) => each.username),
  );
}

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
  return [base, ...small, ...large].filter((name) => Username.safeParse(name).success && !isReserved(name));
}

/** For accounts of which nothing is known that may be shown: the names made from it tell nothing. */
export const unguessedBase = (): string => `user_${randomBytes(4).toString('hex')}`;

/** The name that is made from a full name, before any number: spaces to underscores. */
export function baseOf(fullName: string): string {
  const words = fullName
    .normalize('NFKC')
    .trim()
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
    .replaceAll(/\s+/g, '_');
  const letters = words.match(/\p{L}\p{M}{0,5}|[\p{N}_.-]/gu) ?? [];
  while (letters.join('').length > LONGEST - ROOM_FOR_NUMBER) letters.pop();
  const base = letters.join('').replace(/_+$/, '');
  if (!/[\p{L}\p{N}]/u.test(base)) return 'user';
  return base.length < 3 ? `user_${base}` : base;
}
