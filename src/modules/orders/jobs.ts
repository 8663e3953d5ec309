import { z } from 'zod';
import { seconds } from '#kernel/clock.ts';
import { job, timer } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import type { Orders } from './context.ts';
import { markGivenBack } from './order.ts';
import { settleAllLeft } from './settle-order.ts';

/** Gives back what a rejected order may have taken. Both keys are closed by it: what comes late under them is refused. */
export const giveBackJob = job('orders.give-back', z.object({ orderId: Id }), async (ctx: Orders, { orderId }) => {
  await ctx.inventory.release({ key: orderId });
  await ctx.wallet.cancelPayment({ key: orderId });
  await markGivenBack(ctx.db, orderId);
});

export const jobs = [giveBackJob];

export const timers = [timer('orders.settle-left', seconds(2), settleAllLeft)];
