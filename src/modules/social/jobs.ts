import { minutes } from '#kernel/clock.ts';
import { timer } from '#kernel/events.ts';
import type { Social } from './context.ts';
import { forgetExpired } from './forget-expired.ts';

export const timers = [timer('social.forget-expired', minutes(5), (ctx: Social) => forgetExpired(ctx))];
