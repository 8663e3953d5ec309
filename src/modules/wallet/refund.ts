import type { z } from 'zod';
import { type Database, sql, violates } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { exceedsPayment, type wallet } from '#wallet';
import type { Wallet } from './context.ts';
import { available, fees, PLATFORM, post, saleAccount, type Transfer } from './ledger.ts';
import { paymentMachine } from './payment-state.ts';

type Refund = z.infer<(typeof wallet)['operations']['refund']['input']>;

interface Share {
  payer: string;
  payee: string;
  currency: string;
  amount: number;
  commission: number;
  refunded: number;
  refunded_commission: number;
}

/**
 * Gives part of a payee's share back to the payer, the platform's commission with it in proportion. Once per key; the
 * parts given back never exceed the share, and the last part gives back exactly the rest.
 */
export async function refund(ctx: Wallet, { key, paymentKey, payee, amount }: Refund): Promise<Nothing> {
  return ctx.db.transaction(async (tx) => {
    if (await wasPosted(tx, `refund:${key}`)) return {};
    const share = await lockShare(tx, paymentKey, payee);
    if (!share) throw notFound();
    if (await wasPosted(tx, `refund:${key}`)) return {}; // another call with this key was faster
    await refundShare(tx, { key: `refund:${key}`, paymentKey, share, amount, at: ctx.clock.now() });
    return {};
  });
}

/** Gives up a payment: what was paid goes back whole; a key that has not paid is remembered, so that it never will. */
export async function cancelPayment(ctx: Wallet, { key }: { key: string }): Promise<Nothing> {
  const at = ctx.clock.now();
  return ctx.db.transaction(async (tx) => {
    const forestalled = await tx.execute(sql`
      insert into wallet.payments (id, payer, currency, amount, state, at) values (${key}, '', 'XXX', 0, 'cancelled', ${at}) on conflict do nothing`);
    if (forestalled > 0) return {};
    const cancelled = await tx.execute(
      sql`update wallet.payments set state = 'cancelled' where id = ${key} and ${paymentMachine.allows('cancel')}`,
    );
    if (cancelled === 0) return {};
    for (const payee of await payeesOf(tx, key)) {
      const share = await lockShare(tx, key, payee);
      const left = share ? share.amount - share.refunded : 0;
      if (share && left > 0) await refundShare(tx, { key: `cancel:${key}:${payee}`, paymentKey: key, share, amount: left, at });
    }
    return {};
  });
}

async function refundShare(
  tx: Database,
  parts: { key: string; paymentKey: string; share: Share; amount: number; at: Date },
): Promise<void> {
  const { key, paymentKey, share, amount, at } = parts;
  const left = share.amount - share.refunded;
  if (amount > left) throw exceedsPayment({ left });
  const commission = share.payee === PLATFORM ? 0 : commissionOf(share, share.refunded + amount) - share.refunded_commission;
  const transfers: Transfer[] = [
    { debit: saleAccount(share.payee), credit: available(share.payer), amount: amount - commission, kind: 'refund' as const },
    { debit: fees, credit: available(share.payer), amount: commission, kind: 'refund' as const },
  ].filter((line) => line.amount > 0);
  const counted = sql`due as (
    update wallet.payment_shares set refunded = refunded + ${amount}, refunded_commission = refunded_commission + ${commission}
    where payment_id = ${paymentKey} and payee = ${share.payee} returning payment_id)`;
  try {
    await post(tx, { key, cause: { kind: 'refund', id: paymentKey }, currency: share.currency, transfers, at }, counted);
  } catch (error) {
    if (violates(error, 'share_not_exceeded')) throw exceedsPayment({ left });
    throw error;
  }
}

/** The commission that belongs to the first `part` of a share, rounded down; of the whole it is the whole. */
const commissionOf = (share: Share, part: number): number => Number((BigInt(share.commission) * BigInt(part)) / BigInt(share.amount));

const wasPosted = async (db: Database, key: string): Promise<boolean> =>
  (await db.maybe(sql`select 1 from wallet.journals where key = ${key}`)) !== undefined;

const payeesOf = async (db: Database, key: string): Promise<string[]> =>
  (await db.many<{ payee: string }>(sql`select payee from wallet.payment_shares where payment_id = ${key} order by payee`)).map(
    ({ payee }) => payee,
  );

const lockShare = (db: Database, key: string, payee: string): Promise<Share | undefined> =>
  db.maybe<Share>(sql`
    select p.payer, s.payee, p.currency, s.amount, s.commission, s.refunded, s.refunded_commission
    from wallet.payment_shares as s join wallet.payments as p on p.id = s.payment_id
    where s.payment_id = ${key} and s.payee = ${payee} for update of s`);
