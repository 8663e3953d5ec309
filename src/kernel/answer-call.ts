import { writeAudit } from './audit.ts';
import { readCall } from './call.ts';
import { traceIdOf } from './cause.ts';
import type { Actor, RequestScope } from './context.ts';
import type { HttpParts } from './http.ts';
import { callOnce, isRepeated } from './keyed-calls.ts';
import type { Spellings } from './ready-spellings.ts';
import { type Headers, madeOf, readyReply, resultReply } from './replies.ts';
import type { Route } from './routes.ts';

export type Served = HttpParts & { spellings: Spellings };

/** A call that may be made, and the headers that its reply will have. */
interface Admitted extends HttpParts {
  spellings: Spellings;
  module: string;
  route: Route;
  request: Request;
  params: Record<string, string>;
  actor: Actor;
  scope: RequestScope;
  headers: Headers;
  deadline: number;
}

/** The reply of the handler, made for this call. */
export async function answerCall(admitted: Admitted): Promise<Response> {
  const { route, request, params, actor, scope, headers, limits } = admitted;
  const { limit, admits } = route.spec;
  admits?.(contextOf(admitted) as never);
  const call = await readCall(route, request, params, actor, admitted.secrets).catch(async (refusal) => {
    if (typeof limit === 'function') Object.assign(headers, await limits.countNarrow(limit({} as never), scope.address));
    throw refusal;
  });
  if (typeof limit === 'function') Object.assign(headers, await limits.countNarrow(limit(call.body as never), scope.address));
  const audited = async <T>(work: Promise<T>): Promise<T> => {
    const done = await work;
    if ((scope.stateChanging || scope.readsOthers) && !scope.audited)
      await auditCall(admitted, scope, actor, scope.refusedWith === null ? 'done' : 'refused', scope.refusedWith ?? 200);
    return done;
  };
  const { again } = route.spec;
  const result =
    again && call.key
      ? await callOnce<unknown>({
          db: admitted.auditDb,
          scope,
          call: { ...call.key, module: admitted.module },
          act: () => audited(handle(admitted, call)),
          again: (first) => audited(again(contextOf(admitted) as never, call as never, first)),
        })
      : await audited(handle(admitted, call));
  return resultReply(route, request, params, result, headers, admitted.settings.checkReplies);
}

const contextOf = ({ runtime, module, actor, scope, deadline }: Admitted) =>
  runtime.context(module, { actor, request: scope, tx: null, deadline });

const handle = (admitted: Admitted, call: Awaited<ReturnType<typeof readCall>>) =>
  admitted.route.spec.handle(contextOf(admitted) as never, call as never);

/** The reply as it is stored, or a new one that is then stored. One that is stored costs neither SQL nor checks nor JSON. */
export async function answerReady(admitted: Admitted): Promise<Response> {
  const { route, request, params, actor, headers, spellings, ready } = admitted;
  const known = spellings.find(request.url);
  const found = known === undefined ? undefined : ready.find(known);
  if (found) return readyReply(found, request, headers);
  const call = await readCall(route, request, params, actor, admitted.secrets);
  const make = async () => madeOf(route, params, await handle(admitted, call), admitted.settings.checkReplies);
  const key = spellings.note(request.url, route, call);
  return readyReply(await (key === undefined ? ready.once(make) : ready.get(key, make)), request, headers);
}

/** Nobody says who calls, not even wrongly. */
export const isAnonymous = ({ headers }: Request): boolean => !headers.has('authorization') && !headers.has('x-api-key');

/** @throws Error where a reply could differ from caller to caller, or a limit would not be counted. */
export function refuseUnready({ method, path, spec }: Route): void {
  const { ready, access, limit, mfa, changes, redirects } = spec;
  if (ready && (method !== 'GET' || access.kind !== 'anyone' || limit || mfa || changes || redirects))
    throw new Error(`${method} ${path} cannot be ready-made: that is for a GET for anyone, without a limit of its own.`);
}

/** What was done or refused stays so when its entry cannot be written: the log then says so. */
export const auditCall = (parts: HttpParts, request: RequestScope, actor: Actor, outcome: 'done' | 'refused', status: number) =>
  writeAudit(parts.auditDb, { at: parts.clock.now(), actor, request, subject: request.subject, outcome, status }).catch((error) => {
    if (isRepeated(error)) throw error;
    parts.log.error(
      { err: error, request: request.id, trace_id: traceIdOf(request.trace), operation: request.operation },
      'an audit entry was not written',
    );
    return 0;
  });
