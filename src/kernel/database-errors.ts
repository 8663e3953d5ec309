import { unavailable } from './problems.ts';

const RETRYABLE = new Set(['40001', '40P01']);
/**
 * The database cannot serve now, through no fault of the call: no connection (08, 28, 3D000), a full disk, no memory or too many
 * connections (53), read-only (25006), an ended session (25P03, 25P04), a lock that others hold for long (55P03), shutting down or
 * starting (57P), an error of its files (58). https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const OUTAGE = /^(08|28|53|57P|58|3D000|25006|25P03|25P04|55P03)/;
const NETWORK =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOENT|E(HOST|NET)(UNREACH|DOWN)|ENOTFOUND|EAI_AGAIN|EADDRNOTAVAIL|E[MN]FILE)$/;
const ATTEMPTS = 4;

/** A deadlock, a serialization failure or an outdated plan is nobody's fault: the same work is tried again, from its beginning. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !(RETRYABLE.has(codeOf(error) ?? '') || isOutdatedPlan(error))) throw error;
      await new Promise((done) => setTimeout(done, attempt * 10 * Math.random()));
    }
  }
}

/** A migration has changed the columns that a prepared statement answers (`select *`). It has no code of its own. */
export const isOutdatedPlan = (error: unknown): boolean =>
  codeOf(error) === '0A000' && /cached plan must not change result type/.test((error as Error).message);

/** A statement was refused because one before it in the same transaction had failed. */
export const isOfFailedTransaction = (error: unknown): boolean => codeOf(error) === '25P02';

const codeOf = (error: unknown): string | undefined => (error as { code?: string } | null)?.code;

/** The error as callers meet it: an outage is `unavailable`, every other error stays as it is. */
export function translate(error: unknown): unknown {
  const code = codeOf(error) ?? '';
  const isOutage =
    OUTAGE.test(code) ||
    NETWORK.test(code) ||
    /Connection terminated|not queryable|connection timeout|Query read timeout|timeout expired|timeout exceeded when trying to connect/i.test(
      (error as Error)?.message ?? '',
    );
  return isOutage ? Object.assign(unavailable({ retryAfterSeconds: 1 }), { cause: error }) : error;
}
