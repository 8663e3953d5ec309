import type { Actor, RequestScope } from './context.ts';
import { isLanguage, type Language } from './languages.ts';

/** What led to some work, even many steps ago: the request, who made it, its trace (W3C `traceparent`), and the language that its maker reads. */
export interface Cause {
  requestId: string;
  actorId: string | null;
  trace: string | null;
  /** By `Accept-Language`. It counts for messages to the person who made the request only. */
  language: Language | null;
}

/** What this scope's work is caused by: the request that it serves, or what led to it. */
export const causeOf = (scope: { actor: Actor; request: RequestScope | null; cause?: Cause | null | undefined }): Cause | null =>
  scope.request
    ? { requestId: scope.request.id, actorId: scope.actor.id || null, trace: scope.request.trace, language: scope.request.language }
    : (scope.cause ?? null);

/** The cause of a whole batch: null where its rows have several. */
export function commonCause(
  rows: readonly { request_id?: string | null; actor_id?: string | null; trace?: string | null; language?: string | null }[],
): Cause | null {
  const [first] = rows;
  if (!first?.request_id || rows.some(({ request_id }) => request_id !== first.request_id)) return null;
  return {
    requestId: first.request_id,
    actorId: first.actor_id ?? null,
    trace: first.trace ?? null,
    language: isLanguage(first.language) ? first.language : null,
  };
}

/** The id of a trace, from its `traceparent`: what log lines and receivers of traces call it by. */
export const traceIdOf = (trace: string | null | undefined): string | undefined => trace?.slice(3, 35);

const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The header `traceparent` (W3C Trace Context), or null when it is none. */
export const traceOf = (header: string | null): string | null => (header && TRACEPARENT.test(header) ? header : null);
