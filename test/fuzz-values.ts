import type { Document, Schema } from './document.ts';
import { resolved } from './document.ts';

/** A source of chances that a seed repeats (mulberry32). */
export interface Chance {
  /** 0 up to 1. */
  next(): number;
  below(limit: number): number;
  /** True in so many of a hundred cases. */
  percent(share: number): boolean;
  of<T>(choices: readonly T[]): T;
}

export function chanceFrom(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return { next, below, percent: (share) => next() * 100 < share, of: (choices) => choices[below(choices.length)]! };
}

/** Text that has broken programs before. */
export const ODD_TEXT: readonly string[] = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\u200b',
  '\u202eevil',
  '\ud83d',
  '😀👩‍👩‍👧',
  'é',
  'e\u0301',
  'ﷺ',
  'İ',
  'ß',
  '0',
  '-1',
  'null',
  'true',
  '__proto__',
  'constructor',
  "'; drop table orders; --",
  '%',
  '%00',
  '%ff',
  '\\',
  '"',
  '<script>',
  '../../etc/passwd',
  '2026-02-30',
  '9999-12-31T23:59:59.999Z',
  '00000000-0000-0000-0000-000000000000',
  'x'.repeat(300),
  'ي'.repeat(5001),
  '\n\r\t',
];

const ODD_NUMBERS: readonly unknown[] = [
  0,
  -0,
  -1,
  0.5,
  1e21,
  1e308,
  -1e308,
  2 ** 31,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 53),
  Number.MIN_VALUE,
  '1',
  '0x10',
];
const ODD_VALUES: readonly unknown[] = [null, true, false, [], {}, [[]], { a: { b: { c: 1 } } }, 'text', 7, ...ODD_NUMBERS];

/** Real values for fields of these names, so that calls get past their first checks. */
export type Known = Readonly<Record<string, readonly unknown[]>>;

/** A value of a schema: one that fits, or, with `odd` percent of its parts broken, nearly one. */
export function sample(schema: Schema, document: Document, known: Known, chance: Chance, odd: number, name = ''): unknown {
  if (chance.percent(odd / 4)) return chance.percent(50) ? chance.of(ODD_VALUES) : chance.of(ODD_TEXT);
  const plain = resolved(document, schema as { $ref?: string }) as Schema;
  if (known[name] && chance.percent(80)) return chance.of(known[name]);
  if (plain !== schema && 'example' in plain && chance.percent(30)) return plain.example;
  if ('const' in plain) return plain.const;
  if (Array.isArray(plain.enum)) return chance.of(plain.enum);
  const choice = (plain.anyOf ?? plain.oneOf ?? plain.allOf) as Schema[] | undefined;
  if (choice) return sample(chance.of(choice), document, known, chance, odd, name);
  const type = Array.isArray(plain.type) ? chance.of(plain.type as string[]) : plain.type;
  if (type === 'object') return objectOf(plain, document, known, chance, odd);
  if (type === 'array') return arrayOf(plain, document, known, chance, odd, name);
  if (type === 'integer' || type === 'number') return chance.percent(odd) ? chance.of(ODD_NUMBERS) : numberOf(plain, chance);
  if (type === 'boolean') return chance.percent(50);
  if (type === 'null') return null;
  return chance.percent(odd) ? chance.of(ODD_TEXT) : textOf(plain, chance);
}

function objectOf(schema: Schema, document: Document, known: Known, chance: Chance, odd: number): Record<string, unknown> {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  const properties = Object.entries((schema.properties as Record<string, Schema> | undefined) ?? {});
  const taken = properties.filter(([name]) => (required.has(name) ? !chance.percent(odd / 3) : chance.percent(50)));
  const value: Record<string, unknown> = Object.fromEntries(
    taken.map(([name, inner]) => [name, sample(inner, document, known, chance, odd, name)]),
  );
  if (typeof schema.additionalProperties === 'object' && properties.length === 0)
    for (let n = chance.below(3); n >= 0; n--)
      value[chance.percent(odd) ? chance.of(ODD_TEXT) : `key${n}`] = sample(
        schema.additionalProperties as Schema,
        document,
        known,
        chance,
        odd,
      );
  if (chance.percent(odd / 3)) value[chance.of(ODD_TEXT)] = chance.of(ODD_VALUES);
  return value;
}

function arrayOf(schema: Schema, document: Document, known: Known, chance: Chance, odd: number, name: string): unknown[] {
  const least = Number(schema.minItems ?? 0);
  const length = chance.percent(odd / 2) ? chance.of([0, 1, 101, 1001]) : least + chance.below(3);
  return Array.from({ length }, () => sample((schema.items as Schema | undefined) ?? {}, document, known, chance, odd, name));
}

function numberOf({ minimum, maximum }: { minimum?: number; maximum?: number }, chance: Chance): number {
  const from = minimum ?? 0;
  const to = Math.min(maximum ?? Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return chance.of([from, to, from + 1, from + chance.below(Math.min(to - from + 1, 100))]);
}

const WORDS = ['lamp', 'Lampe de chevet', 'مصباح', 'red', 'Desk lamp', 'bob', 'why not', 'électronique', '128 GB'];

function textOf(schema: Schema, chance: Chance): string {
  const digits = (count: number): string => Array.from({ length: count }, () => chance.below(10)).join('');
  if (schema.format === 'uuid') return `0199c0de-7d5a-7c31-9f3e-${digits(12)}`;
  if (schema.format === 'email') return `someone${digits(6)}@example.com`;
  if (schema.format === 'date') return chance.of(['1990-04-17', '2020-02-29', '0001-01-01']);
  if (schema.format === 'date-time') return chance.of(['2027-01-01T00:00:00Z', '2026-11-21T09:30:00.000Z', '9999-12-31T23:59:59Z']);
  if ('example' in schema && chance.percent(60)) return String(schema.example);
  if (typeof schema.pattern === 'string' && schema.pattern.includes('d{6}')) return digits(6);
  if (typeof schema.pattern === 'string' && schema.pattern.includes('[A-Z]{2}')) return 'TN';
  const word = chance.percent(80) ? chance.of(WORDS) : `name_${digits(8)}`;
  return word.padEnd(Number(schema.minLength ?? 0), 'x').slice(0, Number(schema.maxLength ?? 5000));
}
