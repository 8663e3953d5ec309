import { PLATFORM_SELLER, type PricedLine } from '#catalog';
import { split } from '#kernel/money.ts';
import type { Share } from './order.ts';

/**
 * Who gets what of an order. The commission is taken of all that sellers sell together, rounded down, and split over them by
 * the largest remainder (docs: money), so that the parts add up; the shop's own products have none.
 * Amounts in minor units, the rate in hundredths of a percent.
 */
export function sharesOf(lines: readonly PricedLine[], commissionBasisPoints: number): Share[] {
  const amounts = new Map<string, number>();
  for (const line of lines) {
    const payee = line.seller.id === PLATFORM_SELLER.id ? 'platform' : line.seller.id;
    amounts.set(payee, (amounts.get(payee) ?? 0) + line.unitPrice.amount * line.quantity);
  }
  const paid = [...amounts].filter(([, amount]) => amount > 0).sort(([a], [b]) => (a < b ? -1 : 1));
  const sold = paid.map(([payee, amount]) => (payee === 'platform' ? 0 : amount));
  const commission = Number((sold.reduce((sum, amount) => sum + BigInt(amount), 0n) * BigInt(commissionBasisPoints)) / 10_000n);
  const parts = commission === 0 ? paid.map(() => 0) : split(commission, sold);
  return paid.map(([payee, amount], index) => ({ payee, amount, commission: parts[index] ?? 0 }));
}
