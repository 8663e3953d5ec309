import type { z } from 'zod';
import { seconds } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { claimStale, leaseEnd, resumeStale } from '#kernel/lease.ts';
import { payoutFailed, payoutSent } from '#wallet';
import type { Wallet } from './context.ts';
import type { sendPayoutJob } from './jobs.ts';
import { post } from './ledger.ts';
import { destinationPlace, ending, type PayoutRow, pendingPayouts, returnJournal } from './payout.ts';
import { payoutMachine } from './payout-state.ts';

/** How long a bank may take to answer before it is asked again. */
const LEASE_MS = seconds(15);

/** Tells the bank of a payout, unless another process is doing so. Where the bank does not answer, the timer asks again. */
export async function sendPayout(ctx: Wallet, { payoutId }: z.infer<(typeof sendPayoutJob)['input']>): Promise<void> {
  const claim = claimStale(pendingPayouts, { now: ctx.clock.now(), until: leaseEnd(ctx, LEASE_MS), key: payoutId });
  const row = await ctx.db.maybe<PayoutRow>(claim);
  if (!row) return;
  await finishPayout(ctx, row).catch((error) =>
    ctx.log.warn({ err: error, payout: row.id }, 'the bank does not answer; the timer asks again'),
  );
}

/** Asks the bank again about payouts that a crash, or a lost answer, left pending. It knows the key, so it sends the money once. */
export const resumePayouts = (ctx: Wallet): Promise<void> =>
  resumeStale(ctx, pendingPayouts, { leaseMs: LEASE_MS, resume: (row: PayoutRow) => finishPayout(ctx, row) });

/** Asks the bank, and books its answer once, even if two do so at the same time. */
async function finishPayout(ctx: Wallet, row: PayoutRow): Promise<void> {
  const { id: payoutId, owner, currency, amount } = row;
  const destination = row.destination_sealed === null ? null : ctx.secrets.unseal(row.destination_sealed, destinationPlace(payoutId));
  const result = await ctx.payouts.send({ key: payoutId, money: { amount, currency }, owner, destination });
  const at = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    if (result.outcome === 'sent') {
      const sent = await tx.execute(sql`
        update wallet.payouts set state = 'sent', destination_sealed = null, ended_at = ${at} where id = ${payoutId} and ${payoutMachine.allows('send')}`);
      if (sent > 0) emit(tx, payoutSent, payoutId, { payoutId, owner, currency, amount });
    } else if (await post(tx, returnJournal(row, at), ending(payoutId, 'fail', sql`state = 'failed', failure = ${result.reason}`, at)))
      emit(tx, payoutFailed, payoutId, { payoutId, owner, currency, amount });
  });
}
