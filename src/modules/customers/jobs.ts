import { z } from 'zod';
import { seconds } from '#kernel/clock.ts';
import { job, timer } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';
import type { Customers } from './context.ts';
import { settleAllLeft } from './delete-customer.ts';

export const forgetAgainJob = job('customers.forget-again', z.object({ accountId: Id }), (ctx: Customers, { accountId }) =>
  ctx.everyModule.forget({ accountId }),
);

export const jobs = [forgetAgainJob];

export const timers = [timer('customers.settle-left', seconds(5), (ctx: Customers) => settleAllLeft(ctx))];
