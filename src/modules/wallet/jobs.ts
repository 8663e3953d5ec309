import { z } from 'zod';
import { minutes, seconds } from '#kernel/clock.ts';
import { job, timer } from '#kernel/events.ts';
import { Currency } from '#kernel/money.ts';
import { Id } from '#kernel/shapes.ts';
import { settleLeftCharges } from './charge-wallet.ts';
import type { Wallet } from './context.ts';
import { expireHolds } from './hold.ts';
import { rollUp } from './rollup.ts';

/** Tells a gateway to send money back. The gateway knows the key, so telling it twice pays once. */
export const payBackJob = job(
  'wallet.pay-back',
  z.object({ deductionId: Id, gateway: z.string(), amount: z.int(), currency: Currency }),
  (ctx: Wallet, { deductionId, gateway, amount, currency }) =>
    ctx.payments[gateway]!.payBack({ key: deductionId, money: { amount, currency } }),
);

export const jobs = [payBackJob];

export const timers = [
  timer('wallet.settle-left-charges', seconds(10), settleLeftCharges),
  timer('wallet.expire-holds', seconds(10), expireHolds),
  timer('wallet.roll-up', minutes(1), rollUp),
];
