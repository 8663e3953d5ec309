import type { z } from 'zod';
import type { Wallet } from './context.ts';
import type { payBackJob } from './jobs.ts';

/** Asks a gateway to send money back. The gateway knows the key, so a second call does not pay again. */
export const payBack = (ctx: Wallet, { deductionId, gateway, amount, currency }: z.infer<(typeof payBackJob)['input']>): Promise<unknown> =>
  ctx.payments[gateway]!.payBack({ key: deductionId, money: { amount, currency } });
