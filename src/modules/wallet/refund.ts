import type { z } from 'zod';
import { type Database, sql } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { exceedsPayment, type wallet } from '#wallet';
import { erasedAmong } from './closed-owner.ts';
import type { Wallet } from './context.ts';
import {
  type AccountRef,
  available,
  fees,
  lockBalances,
  losses,
  PLATFORM,
  payable,
  post,
  receivable,
  saleAccount,
  type Transfer,
  unclaimed,
} from './ledger.ts';
import { paymentMachine } from './payment-state.ts';
import { changing, commissionOf, leftOf, lockShare, lockShares, payeesPart, type Share } from './share.ts';

type Refund = z.infer<(typeof wallet)['operations']['refund']['input']>;

/**
 * Gives part of a payee's share back to the payer, and of the platform's commission what the caller says, or what is in proportion.
 * Once per key; the parts given back never exceed the share, and the last part gives back exactly the rest. A payment in cash is given
 * back into the payer's wallet too (docs/decisions/0029-sellers-money.md).
 */
export async function refund(ctx: Wallet, { key, paymentKey, payee, amount, commission }: Refund): Promise<Nothing> {
  return ctx.db.transaction(async (tx) => {
    if (await wasPosted(tx, `refund:${key}`)) return {};
    const share = await lockShare(tx, paymentKey, payee);
    if (!share) throw notFound();
    if (await wasPosted(tx, `refund:${key}`)) return {}; // another call with this key was faster
    await refundShare(tx, { key: `refund:${key}`, share, amount, commission, at: ctx.clock.now() });
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
    for (const share of await lockShares(tx, key))
      if (leftOf(share) > 0) await refundShare(tx, { key: `cancel:${key}:${share.payee}`, share, amount: leftOf(share), at });
    return {};
  });
}

async function refundShare(
  tx: Database,
  parts: { key: string; share: Share; amount: number; commission?: number | undefined; at: Date },
): Promise<void> {
  const { key, share, amount, at } = parts;
  const { payer, currency } = share;
  if (amount > leftOf(share)) throw exceedsPayment({ left: leftOf(share) });
  const commission = share.payee === PLATFORM ? 0 : (parts.commission ?? commissionOf(share, amount));
  const mostCommission = Math.min(amount, share.commission - share.refunded_commission);
  if (commission > mostCommission) throw exceedsPayment({ left: mostCommission });
  const ofPayee = amount - commission;
  if (ofPayee > payeesPart(share)) throw exceedsPayment({ left: payeesPart(share) });
  const erased = await erasedAmong(tx, [payer, share.payee]);
  const credit = erased.has(payer) ? unclaimed : available(payer);
  const debt = erased.has(share.payee) ? losses : receivable(share.payee);
  const transfers: Transfer[] = [
    ...(await sourcesOf(tx, share, ofPayee, { credit, debt })).map((source) => ({ ...source, credit, kind: 'refund' as const })),
    { debit: fees, credit, amount: commission, kind: 'refund' as const },
  ].filter((line) => line.amount > 0);
  const counted = changing(share, sql`refunded = refunded + ${amount}, refunded_commission = refunded_commission + ${commission}`);
  await post(tx, { key, cause: { kind: 'refund', id: share.payment_id }, currency, transfers, at }, counted);
}

/**
 * Where the payee's part comes from: what is not delivered yet; afterwards what is owed to the payee, and for the rest the payee owes it. A
 * payee whose account is erased pays nothing back: the platform has lost it.
 */
async function sourcesOf(
  tx: Database,
  share: Share,
  amount: number,
  { credit, debt }: { credit: AccountRef; debt: AccountRef },
): Promise<Pick<Transfer, 'debit' | 'amount'>[]> {
  const { payee, currency } = share;
  if (share.delivered === null || payee === PLATFORM) return [{ debit: saleAccount(payee), amount }];
  const toPayer = credit === unclaimed ? [] : [credit];
  const [owed] = await lockBalances(tx, [payable(payee), receivable(payee), ...toPayer], currency);
  const fromPayable = Math.min(amount, owed!);
  return [
    { debit: payable(payee), amount: fromPayable },
    { debit: debt, amount: amount - fromPayable },
  ];
}

const wasPosted = async (db: Database, key: string): Promise<boolean> =>
  (await db.maybe(sql`select 1 from wallet.journals where key = ${key}`)) !== undefined;
