import type { z } from 'zod';
import { type Database, empty, type Sql, sql } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { paymentCancelled, paymentMade, type wallet } from '#wallet';
import type { Wallet } from './context.ts';
import { available, external, fees, type Journal, PLATFORM, payable, post, postNew, saleAccount, type Transfer } from './ledger.ts';
import { refuseTooLarge } from './limits.ts';

type Pay = z.infer<(typeof wallet)['operations']['pay']['input']>;
type CollectCash = z.infer<(typeof wallet)['operations']['collectCash']['input']>;

/**
 * Pays for a sale: from the buyer's `available` to each payee, the commission to `fees`. One journal, all or nothing; a key
 * that has paid answers as it did. The payment, its shares and the journal are one statement.
 */
export async function pay(ctx: Wallet, payment: Pay): Promise<Nothing> {
  const { key, payer, currency, isNew = false } = payment;
  refuseTooLarge(ctx, total(payment), currency);
  const at = ctx.clock.now();
  const [journal, rows] = [saleJournal(payment, at), paymentRows(payment, at)];
  return ctx.db.transaction(async (tx) => {
    if (isNew) postNew(tx, journal, rows);
    else if (!(await post(tx, journal, rows))) {
      await refuseCancelled(tx, key);
      return {};
    }
    emit(tx, paymentMade, key, { paymentId: key, payer, currency, amount: total(payment) });
    return {};
  });
}

/**
 * Books the cash of one shipment: `external:cash` takes the place of the buyer's `available`, and the payee's money is `payable` at
 * once. It has no upper limit, since the courier has the cash already.
 */
export async function collectCash(ctx: Wallet, { key, payer, currency, share }: CollectCash): Promise<Nothing> {
  const at = ctx.clock.now();
  const kept = share.payee === PLATFORM ? 0 : share.commission;
  const payee = share.payee === PLATFORM ? saleAccount(PLATFORM) : payable(share.payee);
  const transfers: Transfer[] = [
    { debit: external('cash'), credit: payee, amount: share.amount - kept, kind: share.payee === PLATFORM ? 'sale' : 'cash' },
    { debit: external('cash'), credit: fees, amount: kept, kind: 'commission' },
  ];
  const journal = { key: `pay:${key}`, cause: { kind: 'shipment' as const, id: key }, currency, transfers: transfers.filter(moves), at };
  const delivered = share.payee === PLATFORM ? 0 : share.amount - kept;
  const rows = sql`
    due as (
      insert into wallet.payments (id, payer, currency, amount, state, at) values (${key}, ${payer}, ${currency}, ${share.amount}, 'paid', ${at})
      on conflict do nothing returning id
    ), shared as (
      insert into wallet.payment_shares (payment_id, payee, amount, commission, delivered)
      select id, ${share.payee}, ${share.amount}::bigint, ${share.commission}::bigint, ${delivered}::bigint from due
    )`;
  return ctx.db.transaction(async (tx) => {
    if (await post(tx, journal, rows)) emit(tx, paymentMade, key, { paymentId: key, payer, currency, amount: share.amount });
    else await refuseCancelled(tx, key);
    return {};
  });
}

async function refuseCancelled(tx: Database, key: string): Promise<void> {
  const before = await tx.one<{ state: string }>(sql`select state from wallet.payments where id = ${key}`);
  if (before.state === 'cancelled') throw paymentCancelled();
}

const moves = ({ amount }: Transfer): boolean => amount > 0;
const total = ({ shares }: Pay): number => shares.reduce((sum, share) => sum + share.amount, 0);

export const paymentRows = (payment: Pay, at: Date): Sql => {
  const { key, payer, currency, shares, isNew } = payment;
  return sql`
    due as (
      insert into wallet.payments (id, payer, currency, amount, state, at) values (${key}, ${payer}, ${currency}, ${total(payment)}, 'paid', ${at})
      ${isNew ? empty : sql`on conflict do nothing`} returning id
    ), shared as (
      insert into wallet.payment_shares (payment_id, payee, amount, commission)
      select due.id, share.payee, share.amount, share.commission
      from due, unnest(${shares.map(({ payee }) => payee)}::text[], ${shares.map((share) => share.amount)}::bigint[], ${shares.map(({ commission }) => commission)}::bigint[]) as share (payee, amount, commission)
    )`;
};

/** Lines of a sale: what the payee gets, and what the platform keeps of it. */
export function saleJournal({ key, payer, currency, shares }: Pay, at: Date): Journal {
  const transfers = shares.flatMap(({ payee, amount, commission }) => {
    const kept = payee === PLATFORM ? 0 : commission;
    const lines: Transfer[] = [
      { debit: available(payer), credit: saleAccount(payee), amount: amount - kept, kind: 'sale' },
      { debit: available(payer), credit: fees, amount: kept, kind: 'commission' },
    ];
    return lines.filter(moves);
  });
  return { key: `pay:${key}`, cause: { kind: 'order', id: key }, currency, transfers, at };
}
