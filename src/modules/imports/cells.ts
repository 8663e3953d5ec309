import { type CurrencyCode, exponentOf } from '#kernel/money.ts';

/** The columns of a file, in the order of an export. An imported file may have them in any order and letter case. */
export const columns = [
  'id',
  'name',
  'category',
  'type',
  'brand',
  'description',
  'translations',
  'sku',
  'options',
  'price',
  'currency',
  'stock',
  'images',
] as const;
export type Column = (typeof columns)[number];
export type Cells = Partial<Record<Column, string>>;

/** Without these a row means nothing. */
export const needed: readonly Column[] = ['id'];

/**
 * Programs for tables run what begins like a formula (OWASP, CSV injection). Such a cell gets an apostrophe before it, and so does one that
 * begins with an apostrophe: reading takes exactly those away again.
 */
const FORMULA = /^[=+\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20']/;
export const guarded = (text: string): string => (FORMULA.test(text) ? `'${text}` : text);
export const unguarded = (text: string): string => (text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text);

/** `color=red; storage=128 GB`. Where a name or a value has one of the three marks `=`, `;` and `\`, a backslash stands before it. */
export const optionsText = (options: Readonly<Record<string, string>>): string =>
  Object.entries(options)
    .map(([name, value]) => `${escaped(name)}=${escaped(value)}`)
    .join('; ');
const escaped = (text: string): string => text.replaceAll(/[=;\\]/g, '\\$&');

/** @returns undefined when the text is no list of options. */
export function readOptions(text: string): Record<string, string> | undefined {
  if (text.trim() === '') return {};
  const options = new Map<string, string>();
  for (const part of split(text, ';')) {
    const [name, value, ...more] = split(part, '=').map((side) => side.trim().replaceAll(/\\(.)/gsu, '$1'));
    if (!name || !value || more.length > 0 || options.has(name)) return undefined;
    options.set(name, value);
  }
  return Object.fromEntries(options);
}

/** The parts between marks that have no backslash before them. Linear in the length of the text. */
function split(text: string, mark: string): string[] {
  const parts = [''];
  for (let place = 0; place < text.length; place++) {
    const letter = text[place]!;
    if (letter === mark) parts.push('');
    else parts[parts.length - 1] += letter === '\\' ? letter + (text[++place] ?? '') : letter;
  }
  return parts;
}

/** `20.00`: an amount of minor units as a decimal number. */
export function priceText(amount: number, currency: CurrencyCode): string {
  const exponent = exponentOf(currency);
  const digits = String(amount).padStart(exponent + 1, '0');
  return exponent === 0 ? digits : `${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/** Minor units, exactly. @returns undefined when the text is no decimal number, or has more decimals than the currency. */
export function readPrice(text: string, currency: CurrencyCode): number | undefined {
  const exponent = exponentOf(currency);
  const [, whole, decimals = ''] = /^(\d{1,12})(?:[.,](\d{1,4}))?$/.exec(text.trim()) ?? [];
  if (whole === undefined || decimals.length > exponent) return undefined;
  return Number(whole + decimals.padEnd(exponent, '0'));
}

/** One image on each line: its address, then what it shows. */
export const imagesText = (images: readonly { url: string; alt: string }[]): string =>
  images.map(({ url, alt }) => (alt === '' ? url : `${url} ${alt}`)).join('\n');

export function readImages(text: string): { url: string; alt: string }[] {
  const lines = text.split(/[\r\n]+/).map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [url = '', ...alt] = line.split(' ');
      return { url, alt: alt.join(' ').trim() };
    });
}

/** `{"fr":{"name":"Lampe"}}`; an empty cell where there are none. */
export const translationsText = (translations: object): string =>
  Object.keys(translations).length === 0 ? '' : JSON.stringify(translations);
