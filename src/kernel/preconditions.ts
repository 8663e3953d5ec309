import { z } from 'zod';
import { malformed, versionMismatch } from './problems.ts';

/** Entity tags and preconditions as RFC 9110 defines them (sections 8.8.3, 13.1.1, 13.1.2). */

interface Tag {
  weak: boolean;
  /** With its quotes. */
  opaque: string;
}

const TAG = /^[\t ]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?:,|$)/;

/** @returns `*`, or the tags of the list. @throws malformed when the header is neither. */
function readTags(header: string, name: string): '*' | Tag[] {
  if (header.trim() === '*') return '*';
  const tags: Tag[] = [];
  for (let rest = header; rest !== ''; ) {
    const empty = /^[\t ]*,/.exec(rest); // RFC 9110, 5.6.1.2: a recipient passes over empty elements
    const found = TAG.exec(rest);
    if (!empty && !found) {
      if (rest.trim() === '') break;
      throw malformed({ reason: `${name} must be * or a list of ETags of replies, for example "3".` });
    }
    if (found) tags.push({ weak: found[1] !== undefined, opaque: found[2]! });
    rest = rest.slice((empty ?? found)![0].length);
  }
  if (tags.length === 0) throw malformed({ reason: `${name} names no ETag.` });
  return tags;
}

/** What a caller says of the version that it has seen: those that it takes (If-Match), and those that it does not (If-None-Match). */
export const Precondition = z.object({
  match: z.array(z.int()).optional(),
  noneMatch: z.union([z.literal('*'), z.array(z.int())]).optional(),
});
export type Precondition = z.infer<typeof Precondition>;

/** @returns undefined when the headers ask for nothing. @throws malformed */
export function readPrecondition(headers: Headers): Precondition | undefined {
  const match = headers.get('if-match');
  const noneMatch = headers.get('if-none-match');
  if (match === null && noneMatch === null) return undefined;
  const wanted = match === null ? '*' : readTags(match, 'If-Match');
  const unwanted = noneMatch === null ? undefined : readTags(noneMatch, 'If-None-Match');
  return {
    match: wanted === '*' ? undefined : versionsOf(wanted.filter(({ weak }) => !weak)), // strong comparison: a weak tag never matches
    noneMatch: unwanted === undefined || unwanted === '*' ? unwanted : versionsOf(unwanted),
  };
}

/** What is read says the version and, after a dot, the content. Tags that no version could have match none. */
const versionsOf = (tags: readonly Tag[]): number[] =>
  tags.flatMap(({ opaque }) => {
    const version = /^"(0|[1-9]\d{0,14})(\.[\w-]{22})?"$/.exec(opaque)?.[1];
    return version === undefined ? [] : [Number(version)];
  });

/** @throws versionMismatch when the row has another version than the caller asks for. */
export function demandVersion(precondition: Precondition | undefined, current: number): void {
  if (!precondition) return;
  const { match, noneMatch } = precondition;
  if (match && !match.includes(current)) throw versionMismatch({ current });
  if (noneMatch === '*' || noneMatch?.includes(current)) throw versionMismatch({ current });
}

/** Whether If-None-Match names the entity tag of the reply (weak comparison). @throws malformed */
export function isNoneMatched(header: string | null | undefined, etag: string | undefined): boolean {
  if (header === null || header === undefined || etag === undefined) return false;
  const tags = readTags(header, 'If-None-Match');
  return tags === '*' || tags.some(({ opaque }) => opaque === etag.replace(/^W\//, ''));
}
