import { type FailureReason, OutgoingFailure } from '#adapters/outgoing-http/port.ts';
import { minutes, seconds } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { IMAGE_LIMIT_BYTES, imageTypes } from '#media';
import type { Media } from './context.ts';
import { checkUploadJob } from './jobs.ts';
import type { UploadRow } from './upload.ts';

/** After how long an address that fails for the moment is asked again; the last time it is given up. */
const DELAYS_MS = [seconds(10), minutes(1), minutes(5)];

const PASSING_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);
const PASSING_REASONS: ReadonlySet<FailureReason> = new Set(['connection', 'timeout', 'name']);

/** What the address of an upload holds; `later` where it failed for the moment, and undefined where it holds nothing for us. */
export async function fetchFile(ctx: Media, url: string): Promise<Buffer | 'later' | undefined> {
  const headers = { accept: imageTypes.join(', '), 'user-agent': 'Souk' };
  try {
    const { status, isCut, body } = await ctx.outgoingHttp.get({ url, headers, limitBytes: IMAGE_LIMIT_BYTES, signal: ctx.signal });
    if (status === 200 && !isCut) return body;
    const isSlow = isCut && body.length < IMAGE_LIMIT_BYTES;
    return PASSING_STATUSES.has(status) || isSlow ? 'later' : undefined;
  } catch (error) {
    if (!(error instanceof OutgoingFailure)) throw error;
    return PASSING_REASONS.has(error.reason) ? 'later' : undefined;
  }
}

/** Plans to ask the address again later, once for each failure. @returns false if it was asked often enough */
export async function fetchLater(ctx: Media, { id, fetch_failures }: UploadRow): Promise<boolean> {
  const delayMs = DELAYS_MS[fetch_failures];
  if (delayMs === undefined) return false;
  await ctx.db.transaction(async (tx) => {
    const isNoted = await tx.execute(sql`
      update media.uploads set fetch_failures = fetch_failures + 1
      where id = ${id} and state = 'checking' and fetch_failures = ${fetch_failures}`);
    if (isNoted > 0) enqueue(tx, checkUploadJob, { id }, { notBefore: new Date(ctx.clock.now().getTime() + delayMs) });
  });
  return true;
}
