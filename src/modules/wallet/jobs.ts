import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Currency } from '#kernel/money.ts';
import { Id } from '#kernel/shapes.ts';

/** Asks a gateway to send money back. */
export const payBackJob = job('wallet.pay-back', z.object({ deductionId: Id, gateway: z.string(), amount: z.int(), currency: Currency }), {
  lane: 'money',
});
