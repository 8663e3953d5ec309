import { z } from 'zod';

/** Shapes that every module's schemas share. */

/** In small letters, whichever it came in: RFC 9562 has both read alike. */
export const Id = z.uuid().toLowerCase().meta({ description: 'UUID', example: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' });

export const Time = z.iso
  .datetime()
  .refine((text) => !text.startsWith('0000'), 'must be in a year from 1 on') // PostgreSQL has no year 0
  .meta({ description: 'RFC 3339, UTC', example: '2026-11-21T09:30:00.000Z' });

/**
 * Input of an operation that takes effect once per key: this key was made for this call, so it cannot have been used. Inside a transaction of
 * the caller the operation waits for no answer then, and a refusal is the error with which that transaction fails.
 */
export const IsNew = z.boolean().optional();

/** Letters with the marks that belong to them, as many scripts write vowels; digits; and `_ . -`. */
const NAME = /^(?:\p{L}\p{M}{0,5}|[\p{N}_.-])+$/u;

/** A name that looks like a UUID could be taken for the id of somebody else. Dashes aside, since some read ids without them. */
const isIdLike = (name: string): boolean => /^[0-9a-f]{32}$/.test(foldUsername(name).replaceAll('-', ''));

export const Username = z
  .string()
  .overwrite((name) => name.normalize('NFC'))
  .min(3)
  .max(40)
  .regex(NAME, 'may hold letters, digits, and _ . -')
  .refine((name) => !/\p{Default_Ignorable_Code_Point}/u.test(name), 'must not hold characters that nobody sees')
  .refine((name) => NAME.test(foldUsername(name)), 'may hold letters, digits, and _ . -, in their compatible forms (NFKC) too')
  .refine((name) => /[\p{L}\p{N}]/u.test(name), 'must hold a letter or a digit')
  .refine((name) => !isIdLike(name), 'must not look like an id')
  .meta({ description: 'The public name of an account', example: 'bob' });

/** How usernames are compared everywhere: letter case and compatible forms of letters (Unicode NFKC) aside. */
export const foldUsername = (username: string): string => username.normalize('NFKC').toLowerCase();
/** How other names are compared, such as those of partners and categories: as usernames, and without characters that nobody sees. */
export const foldName = (name: string): string => foldUsername(name).replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '');
export const isSameUsername = (one: string, other: string): boolean => foldUsername(one) === foldUsername(other);

/** Something to see: not only gaps and characters that nobody sees, such as U+200B. */
export const isVisible = (text: string): boolean => /[^\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(text);

/**
 * One line: no line breaks, no control characters, and none of the characters that turn the direction of the text after them
 * (Unicode TR 36, 2.6), by which a name can pose as another. Marks such as U+200F, which Arabic needs, are allowed.
 */
export const isOneLine = (text: string): boolean => !/[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u.test(text);
export const NOT_ONE_LINE = 'must be one line, without control characters';

/** Free text of one line: trimmed, never empty. */
export const line = (max: number) =>
  z
    .string()
    .trim()
    .min(1, { error: 'must not be empty', abort: true })
    .max(max)
    .refine(isVisible, 'must not be empty')
    .refine(isOneLine, NOT_ONE_LINE);

/** Text in which gaps mean nothing, since people copy them along: codes are written `945 349`. */
export const withoutSpaces = () =>
  z
    .string()
    .max(300)
    .overwrite((text) => text.replaceAll(/\s/g, ''));

/** As browsers judge it (HTML Standard, `input type=email`), so that a form and this API take the same; gaps around it are dropped. */
export const Email = z
  .string()
  .trim()
  .max(254)
  .regex(z.regexes.html5Email, 'must be an email address')
  .meta({ format: 'email', example: 'jane@example.com' });

export const Phone = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, 'must be an E.164 number')
  .meta({ description: 'E.164', example: '+21671000000' });

/**
 * Several lines: no control characters but tabs and line ends. Of the characters that turn the direction of text, only isolates
 * that are closed on their line (Unicode UAX 9), so that a text changes nothing behind it; overrides and embeddings not at all.
 */
export const isProse = (text: string): boolean =>
  !/\r(?!\n)|[^\P{Cc}\t\n\r]|[\u202A-\u202E]/u.test(text) && text.split(/[\n\u2028\u2029]/).every(closesIsolates);
export const NOT_PROSE = 'must not hold control characters, or characters that turn the direction of the text behind them';

function closesIsolates(line: string): boolean {
  let open = 0;
  for (const [mark] of line.matchAll(/[\u2066-\u2069]/g)) {
    open += mark === '\u2069' ? -1 : 1;
    if (open < 0) return false;
  }
  return open === 0;
}

/** Free text of several lines. It may be empty; what only looks empty is refused, so that `min(1)` demands something to see. */
export const prose = (max: number) =>
  z
    .string()
    .trim()
    .max(max)
    .refine(isProse, NOT_PROSE)
    .refine((text) => text === '' || isVisible(text), 'must not be empty');

/** An address on the web, as text without gaps or characters that nobody sees: readers of URLs drop some of them, and people are shown them. */
export const webAddress = (address: z.ZodURL) =>
  address
    .max(2000)
    .refine((text) => !/[\p{Z}\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/u.test(text), 'must not hold gaps or invisible characters');

/** A whole number in a query: decimal digits, and nothing else that JavaScript would take for a number. */
export const whole = <S extends z.ZodType>(number: S) =>
  z.preprocess((text) => (typeof text === 'string' && /^-?\d{1,15}$/.test(text) ? Number(text) : text), number);

export const Limit = whole(z.int().min(1).max(100)).default(20).meta({ description: 'How many, 1 to 100', example: 20 });

export const Cursor = z.string().max(2000).optional().meta({ description: 'nextCursor of the page before' });

/** The reply of a list: its rows and the cursor of the next page, null on the last. */
export const page = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), nextCursor: z.string().nullable() });

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** The answer of an operation that only reports that it is done. */
export type Nothing = Record<string, never>;
