import type { z } from 'zod';
import { sql } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { paymentCancelled, paymentMade, type wallet } from '#wallet';
import type { Wallet } from './context.ts';
import { available, fees, PLATFORM, post, saleAccount, type Transfer } from './ledger.ts';

type Pay = z.infer<(typeof wallet)['operations']['pay']['input']>;

/**
 * Pays for a sale: from the buyer's `available` to each payee, the commission to `fees`. One journal, all or nothing; a key
 * that has paid answers as it did. The payment, its shares and the journal are one statement.
 */
export async function pay(ctx: Wallet, { key, payer, currency, shares }: Pay): Promise<Nothing> {
  const amount = shares.reduce((sum, share) => sum + share.amount, 0);
  const at = ctx.clock.now();
  const journal = { key: `pay:${key}`, cause: { kind: 'order' as const, id: key }, currency, transfers: saleTransfers(payer, shares), at };
  const payment = sql`
    due as (
      insert into wallet.payments (id, payer, currency, amount, state, at) values (${key}, ${payer}, ${currency}, ${amount}, 'paid', ${at})
      on conflict do nothing returning id
    ), shared as (
      insert into wallet.payment_shares (payment_id, payee, amount, commission)
      select due.id, share.payee, share.amount, share.commission
      from due, unnest(${shares.map(({ payee }) => payee)}::text[], ${shares.map((share) => share.amount)}::bigint[], ${shares.map(({ commission }) => commission)}::bigint[]) as share (payee, amount, commission)
    )`;
  return ctx.db.transaction(async (tx) => {
    if (await post(tx, journal, payment)) {
      emit(tx, paymentMade, key, { paymentId: key, payer, currency, amount });
      return {};
    }
    const before = await tx.one<{ state: string }>(sql`select state from wallet.payments where id = ${key}`);
    if (before.state === 'cancelled') throw paymentCancelled();
    return {};
  });
}

/** Lines of a sale: what the payee gets, and what the platform keeps of it. */
function saleTransfers(payer: string, shares: Pay['shares']): Transfer[] {
  return shares.flatMap(({ payee, amount, commission }) => {
    const kept = payee === PLATFORM ? 0 : commission;
    const lines: Transfer[] = [
      { debit: available(payer), credit: saleAccount(payee), amount: amount - kept, kind: 'sale' },
      { debit: available(payer), credit: fees, amount: kept, kind: 'commission' },
    ];
    return lines.filter((line) => line.amount > 0);
  });
}
