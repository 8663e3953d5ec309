import type { Language } from '#kernel/languages.ts';
import { type CurrencyCode, exponentOf } from '#kernel/money.ts';
import { type Phrase, phraseIn } from './texts.ts';

/** What is put into a text: words, a number, money in minor units, or a phrase in the language of the text. A paragraph with a null is left out. */
export type Value = string | number | { amount: number; currency: string } | { phrase: Phrase } | null;
export type Values = Readonly<Record<string, Value>>;

const LONGEST = 300;
const PLACE = /\{(\w+)\}/g;

/** The names of the places in a text. */
export const placesOf = (text: string): string[] => [...text.matchAll(PLACE)].map(([, name]) => name!);

/** Latin digits in Arabic too: order numbers and codes are typed in them. */
const localeOf = (language: Language): string => (language === 'ar' ? 'ar-u-nu-latn' : language);

function worded(value: Exclude<Value, null>, language: Language): string {
  if (typeof value === 'string')
    return value
      .replaceAll(/[\p{Cc}\u202A-\u202E\u2066-\u2069]+/gu, ' ')
      .slice(0, LONGEST)
      .toWellFormed();
  if (typeof value === 'number') return new Intl.NumberFormat(localeOf(language)).format(value);
  if ('phrase' in value) return phraseIn(language, value.phrase);
  const exponent = exponentOf(value.currency as CurrencyCode);
  const digits = { minimumFractionDigits: exponent, maximumFractionDigits: exponent };
  const format = new Intl.NumberFormat(localeOf(language), { style: 'currency', currency: value.currency, ...digits });
  return format.format(value.amount / 10 ** exponent);
}

/**
 * A text with its values, each passed through `wrap`. Undefined where one of them is null: nothing is said then.
 * @throws Error when a value is missing.
 */
export function fill(
  text: string,
  values: Values,
  language: Language,
  wrap: (value: string) => string = (value) => value,
): string | undefined {
  const names = placesOf(text);
  const missing = names.find((name) => values[name] === undefined);
  if (missing) throw new Error(`The text "${text}" has no value for ${missing}.`);
  if (names.some((name) => values[name] === null)) return undefined;
  return text.replaceAll(PLACE, (_, name: string) => {
    const value = worded(values[name]!, language);
    return value && wrap(value);
  });
}
