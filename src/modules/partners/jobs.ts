import { minutes } from '#kernel/clock.ts';
import { timer } from '#kernel/events.ts';
import type { Partners } from './context.ts';
import { forgetSalts } from './key.ts';

export const timers = [
  timer('partners.forget-salts', minutes(10), async (ctx: Partners) => {
    await forgetSalts(ctx.db, ctx.clock.now());
  }),
];
