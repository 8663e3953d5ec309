import { hours, minutes, seconds } from '#kernel/clock.ts';

/** How long after each failed attempt the next one follows: 12 retries in three days. */
export const RETRY_AFTER_MS: readonly number[] = [
  ...[seconds(5), seconds(30), minutes(2), minutes(10), minutes(30)],
  ...[hours(1), hours(2), hours(4), hours(8), hours(12), hours(20), hours(24)],
];

/** A webhook at which nothing arrived for so long is paused: as long as the retries of one message take. */
export const PATIENCE_MS: number = RETRY_AFTER_MS.reduce((sum, ms) => sum + ms, 0);

/** So many failures in a row that are not the message's, and the webhook is tried with one message at a time, after these pauses. */
export const FAILURES_IN_A_ROW = 3;
const PAUSES_MS = [seconds(5), seconds(30), minutes(1), minutes(5)];

/** Until when nothing is sent to a webhook that failed so often in a row; undefined while it counts as well. */
export function pauseAfter(failures: number, now: Date): Date | undefined {
  if (failures < FAILURES_IN_A_ROW) return undefined;
  return new Date(now.getTime() + PAUSES_MS[Math.min(failures - FAILURES_IN_A_ROW, PAUSES_MS.length - 1)]!);
}

/** The longest that a receiver may ask for with Retry-After. */
const LONGEST_WISH_MS = hours(1);

/** What `Retry-After` asks for, in seconds or as a date (RFC 9110, 10.2.3), at most an hour. */
export function wishedPause(retryAfter: string | undefined, now: Date): Date | undefined {
  if (retryAfter === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - now.getTime();
  return ms > 0 ? new Date(now.getTime() + Math.min(ms, LONGEST_WISH_MS)) : undefined;
}
