import { type Database, type Sql, sql } from '#kernel/database.ts';
import { PLATFORM } from './ledger.ts';

/** A payee's part of a payment. Amounts are minor units. */
export interface Share {
  payment_id: string;
  payer: string;
  payee: string;
  currency: string;
  amount: number;
  /** What the platform gets of `amount`. */
  commission: number;
  /** What was given back of `amount`, and what of it was the platform's. */
  refunded: number;
  refunded_commission: number;
  /** What was moved to `payable`; null until the share is delivered. */
  delivered: number | null;
}

export const lockShare = (db: Database, paymentKey: string, payee: string): Promise<Share | undefined> =>
  db.maybe<Share>(sql`${ofPayment(paymentKey)} and s.payee = ${payee} for update of s`);

/** All shares of a payment, locked in the order of their payees. */
export const lockShares = (db: Database, paymentKey: string): Promise<Share[]> =>
  db.many<Share>(sql`${ofPayment(paymentKey)} order by s.payee for update of s`);

const ofPayment = (paymentKey: string): Sql => sql`
  select s.payment_id, p.payer, s.payee, p.currency, s.amount, s.commission, s.refunded, s.refunded_commission, s.delivered
  from wallet.payment_shares as s join wallet.payments as p on p.id = s.payment_id where s.payment_id = ${paymentKey}`;

/** The CTE of a journal that changes a share. */
export const changing = (share: Share, changes: Sql): Sql => sql`due as (
  update wallet.payment_shares set ${changes} where payment_id = ${share.payment_id} and payee = ${share.payee} returning payment_id)`;

export const leftOf = (share: Share): number => share.amount - share.refunded;

/** What the payee still has of a share, without the platform's commission. */
export const payeesPart = (share: Share): number =>
  leftOf(share) - (share.payee === PLATFORM ? 0 : share.commission - share.refunded_commission);

/**
 * How much commission comes back with `amount`: what belongs to it in proportion, rounded down over all that was given back so far.
 * So of the whole it is the whole. Where other refunds said their own parts, neither part exceeds what is left of it.
 */
export function commissionOf(share: Share, amount: number): number {
  if (share.payee === PLATFORM) return 0;
  const part = Number((BigInt(share.commission) * BigInt(share.refunded + amount)) / BigInt(share.amount)) - share.refunded_commission;
  const least = Math.max(0, amount - payeesPart(share));
  return Math.max(least, Math.min(part, amount, share.commission - share.refunded_commission));
}
