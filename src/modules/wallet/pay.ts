import type { z } from 'zod';
import { type Sql, sql } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { paymentCancelled, paymentMade, type wallet } from '#wallet';
import type { Wallet } from './context.ts';
import { available, fees, type Journal, PLATFORM, post, saleAccount, type Transfer } from './ledger.ts';
import { refuseTooLarge } from './limits.ts';

type Pay = z.infer<(typeof wallet)['operations']['pay']['input']>;

/**
 * Pays for a sale: from the buyer's `available` to each payee, the commission to `fees`. One journal, all or nothing; a key
 * that has paid answers as it did. The payment, its shares and the journal are one statement.
 */
export async function pay(ctx: Wallet, payment: Pay): Promise<Nothing> {
  const { key, payer, currency } = payment;
  refuseTooLarge(ctx, total(payment), currency);
  const at = ctx.clock.now();
  return ctx.db.transaction(async (tx) => {
    if (await post(tx, saleJournal(payment, at), paymentRows(payment, at))) {
      emit(tx, paymentMade, key, { paymentId: key, payer, currency, amount: total(payment) });
      return {};
    }
    const before = await tx.one<{ state: string }>(sql`select state from wallet.payments where id = ${key}`);
    if (before.state === 'cancelled') throw paymentCancelled();
    return {};
  });
}

const total = ({ shares }: Pay): number => shares.reduce((sum, share) => sum + share.amount, 0);

export const paymentRows = (payment: Pay, at: Date): Sql => {
  const { key, payer, currency, shares } = payment;
  return sql`
    due as (
      insert into wallet.payments (id, payer, currency, amount, state, at) values (${key}, ${payer}, ${currency}, ${total(payment)}, 'paid', ${at})
      on conflict do nothing returning id
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
    return lines.filter((line) => line.amount > 0);
  });
  return { key: `pay:${key}`, cause: { kind: 'order', id: key }, currency, transfers, at };
}
