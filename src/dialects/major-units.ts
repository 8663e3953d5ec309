import { type CurrencyCode, exponentOf, type Money } from '#kernel/money.ts';

/** An amount as those APIs write it: `12.5` for 1250 cents. Exact: it has no more decimals than the currency. */
export const majorUnits = ({ amount, currency }: Money): number => Number(majorText({ amount, currency }));

/** The same as text, without zeros at its end: `12.5`. */
export function majorText({ amount, currency }: Money): string {
  const exponent = exponentOf(currency);
  const digits = String(amount).padStart(exponent + 1, '0');
  const fraction = digits.slice(digits.length - exponent).replace(/0+$/, '');
  const whole = digits.slice(0, digits.length - exponent);
  return exponent === 0 ? digits : fraction === '' ? whole : `${whole}.${fraction}`;
}

/**
 * Minor units of a price in major units, as a number or its text.
 * @returns undefined for what is no price: not above zero, in another notation, or with more decimals than the currency has.
 */
export function minorUnits(price: unknown, currency: CurrencyCode): number | undefined {
  const text = typeof price === 'number' ? String(price) : typeof price === 'string' ? price.trim() : '';
  const [, whole = '', fraction = ''] = /^(\d{1,13})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  const exponent = exponentOf(currency);
  const significant = fraction.replace(/0+$/, '');
  if (whole === '' || significant.length > exponent) return undefined;
  const amount = Number(whole + significant.padEnd(exponent, '0'));
  return amount > 0 && Number.isSafeInteger(amount) ? amount : undefined;
}
