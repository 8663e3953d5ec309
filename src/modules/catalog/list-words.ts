import { type Sql, sql } from '#kernel/database.ts';

/** The words of a search, which the database has written as a tsquery (`catalog.understand`), as lists look for them. */

interface Term {
  text: string;
  /** The word, unless there are alternatives. */
  word?: string | undefined;
  /** Whether all words that begin so fit. */
  begins: boolean;
}

/** What each match must have. */
export const termsOf = (query: string): Term[] =>
  query.split(' & ').map((text) => {
    const [, word, begins] = /^'([^'\\]+)'(:\*)?$/.exec(text) ?? [];
    return { text, word, begins: begins !== undefined };
  });

/** The keys of catalog.marks_of that whatever matches must have: of words, in names or anywhere, and of beginnings of three letters or more. */
export const keysOf = (query: string, whole: '=' | ''): string[] =>
  termsOf(query).flatMap(({ word, begins }) => {
    if (word === undefined || /\d/.test(word)) return [];
    const letters = [...word];
    if (begins && letters.length < 3) return [];
    return [begins ? `^${letters.slice(0, 3).join('')}` : `${whole}${word}`];
  });

/** Of a listing the words, with '^' before that which its name begins with: as an index has them. */
const BEGUN = sql`catalog.begun(words, name_key)`;

/** Whether a listing has what a term asks for. */
export const isAnywhere = (term: string): Sql => sql`${BEGUN} @@ ${term.replaceAll(/'([^']+)'(:\*)?/g, "('$1'$2 | '^$1'$2)")}::tsquery`;

/** Whether a listing has all that a query asks for, and its name begins with none of it. */
export const isWithin = (query: string): Sql => sql`${BEGUN} @@ ${query}::tsquery`;
