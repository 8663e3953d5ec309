import { z } from 'zod';

/** Minor-unit digits of the currencies that Souk handles (ISO 4217). */
const EXPONENTS = {
  TND: 3,
  EUR: 2,
  USD: 2,
  GBP: 2,
  CHF: 2,
  CAD: 2,
  MAD: 2,
  DZD: 2,
  EGP: 2,
  SAR: 2,
  AED: 2,
  QAR: 2,
  KWD: 3,
  LYD: 3,
  JPY: 0,
} as const;

export type CurrencyCode = keyof typeof EXPONENTS;

export const currencies = Object.keys(EXPONENTS) as [CurrencyCode, ...CurrencyCode[]];

/** Digits behind the decimal point of a currency: USD 2, TND 3, JPY 0. */
export const exponentOf = (currency: CurrencyCode): number => EXPONENTS[currency];

export const Currency = z.enum(currencies).meta({ id: 'Currency', description: 'ISO 4217 code', example: 'USD' });

/** An amount that moves: a whole number of minor units, at least 1. */
export const PositiveAmount = z
  .int('must be a whole number of minor units')
  .positive('must be more than zero')
  .meta({ description: 'Whole number of minor units (cents, millimes)', example: 12500 });

export const Amount = z.int().min(0).meta({ description: 'Whole number of minor units (cents, millimes)', example: 12500 });

export const Money = z
  .strictObject({ amount: Amount, currency: Currency })
  .meta({ id: 'Money', description: 'An amount in minor units of its currency' });
export type Money = z.infer<typeof Money>;

export const Price = z
  .strictObject({ amount: PositiveAmount, currency: Currency })
  .meta({ id: 'Price', description: 'An amount of at least one minor unit' });

/** A largest amount per currency, in minor units. */
export type AmountLimits = Readonly<Record<CurrencyCode, number>>;

/** A setting such as `1000000000000,JPY:5000000000`: minor units for every currency, and for some another one; at most `most`. */
export const amountLimits = (fallback: number, most: number) =>
  z
    .string()
    .default(String(fallback))
    .transform((text, check): AmountLimits => {
      const limits = Object.fromEntries(currencies.map((currency) => [currency, fallback])) as Record<CurrencyCode, number>;
      for (const entry of text.split(',').map((part) => part.trim())) {
        const [, currency, digits] = /^(?:([A-Z]{3}):)?(\d{1,16})$/.exec(entry) ?? [];
        const amount = Number(digits);
        const meant = currency === undefined ? currencies : currencies.filter((known) => known === currency);
        if (!(amount >= 1 && amount <= most) || meant.length === 0)
          check.addIssue(`${entry} is not an amount in minor units up to ${most}, or CURRENCY:amount`);
        for (const one of meant) limits[one] = amount;
      }
      return limits;
    });

/**
 * Splits a whole into parts in proportion to weights, by the largest-remainder rule (Hamilton's method): the parts
 * always add up to the whole. Amounts are minor units; ties go to the earlier part.
 *
 * @throws RangeError when the weights are empty, negative, or all zero while the whole is not.
 */
export function split(whole: number, weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + BigInt(weight), 0n);
  if (weights.some((weight) => weight < 0) || (total === 0n && whole !== 0))
    throw new RangeError('split needs weights of which one is positive');
  if (total === 0n) return weights.map(() => 0);
  const shares = weights.map((weight, index) => {
    const product = BigInt(whole) * BigInt(weight);
    return { index, part: product / total, remainder: product % total };
  });
  let left = BigInt(whole) - shares.reduce((sum, share) => sum + share.part, 0n);
  for (const share of [...shares].sort((a, b) => (a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1))) {
    if (left === 0n) break;
    share.part += 1n;
    left -= 1n;
  }
  return shares.map((share) => Number(share.part));
}

/** An amount for people: `formatMoney({ amount: 12500, currency: 'TND' })` is `12.500 TND`. */
export function formatMoney({ amount, currency }: Money): string {
  const exponent = exponentOf(currency);
  const digits = String(amount).padStart(exponent + 1, '0');
  const point = digits.length - exponent;
  return exponent === 0 ? `${digits} ${currency}` : `${digits.slice(0, point)}.${digits.slice(point)} ${currency}`;
}
