import { amountTooLarge } from '#wallet';
import type { Wallet } from './context.ts';

/** The largest balance that PostgreSQL allows, with any settings: the whole numbers that JSON and JavaScript write exactly. */
export const LARGEST_EXACT = Number.MAX_SAFE_INTEGER;

/** @throws amountTooLarge when one call would move more than the settings allow. */
export function refuseTooLarge(ctx: Wallet, amount: number, currency: string): void {
  const largest = ctx.settings.largestAmounts[currency as keyof Wallet['settings']['largestAmounts']];
  if (amount > largest) throw amountTooLarge({ currency, largest });
}
