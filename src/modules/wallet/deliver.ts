import type { z } from 'zod';
import { sql } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import type { Nothing } from '#kernel/shapes.ts';
import type { wallet } from '#wallet';
import type { Wallet } from './context.ts';
import { PLATFORM, payable, post, saleAccount } from './ledger.ts';
import { changing, lockShare, payeesPart } from './share.ts';

type Deliver = z.infer<(typeof wallet)['operations']['deliver']['input']>;

/**
 * What is left of a share belongs to its payee from now on: `undelivered` -> `payable`. A share is delivered once, under whichever key.
 * Of the platform's own share, and of one that was refunded whole, nothing moves.
 */
export async function deliver(ctx: Wallet, { paymentKey, payee }: Deliver): Promise<Nothing> {
  return ctx.db.transaction(async (tx) => {
    const share = await lockShare(tx, paymentKey, payee);
    if (!share) throw notFound();
    if (share.delivered !== null) return {};
    const amount = payee === PLATFORM ? 0 : payeesPart(share);
    const marked = changing(share, sql`delivered = ${amount}`);
    if (amount === 0) await tx.execute(sql`with ${marked} select from due`);
    else
      await post(
        tx,
        {
          key: `deliver:${paymentKey}:${payee}`,
          cause: { kind: 'delivery', id: paymentKey },
          currency: share.currency,
          transfers: [{ debit: saleAccount(payee), credit: payable(payee), amount, kind: 'delivery' }],
          at: ctx.clock.now(),
        },
        marked,
      );
    return {};
  });
}
