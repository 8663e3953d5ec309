import { internalError, malformed, Problem, stillRunning, unavailable } from './problems.ts';

/** Waited too long for a lock, took too long, or met others in a deadlock again and again. */
const BUSY = new Set(['55P03', '57014', '40001', '40P01']);

/** True for what nobody expected: no refusal, no rule of the database that many met at once, but a fault of ours. */
export const isUnexpected = (error: unknown): boolean =>
  !(error instanceof Problem || error instanceof URIError || BUSY.has((error as { code?: string } | null)?.code ?? ''));

/** True for what is logged with its stack: a fault, or something outside that does not answer. A refusal by load is neither. */
export const isFailure = (error: unknown, { status }: Problem): boolean =>
  status >= 500 && (!(error instanceof Problem) || error.cause !== undefined);

/** The refusal that something thrown is answered with. */
export function problemOf(error: unknown, request: Request): Problem {
  if (error instanceof Problem) return error;
  const code = (error as { code?: string } | null)?.code;
  if (BUSY.has(code ?? ''))
    return request.headers.has('idempotency-key') ? stillRunning({ retryAfterSeconds: 1 }) : unavailable({ retryAfterSeconds: 1 });
  if (error instanceof URIError) return malformed({ reason: 'The path is not well encoded.' });
  return internalError();
}
