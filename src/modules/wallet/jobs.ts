import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Currency } from '#kernel/money.ts';
import { Id } from '#kernel/shapes.ts';

/** Tells the bank of a payout. */
export const sendPayoutJob = job('wallet.send-payout', z.object({ payoutId: Id }), { lane: 'money' });

/** Asks a gateway to send money back. */
export const payBackJob = job('wallet.pay-back', z.object({ deductionId: Id, gateway: z.string(), amount: z.int(), currency: Currency }), {
  lane: 'money',
});
