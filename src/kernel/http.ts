import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Logger } from 'pino';
import type { Errors } from '#adapters/errors/port.ts';
import type { Tracing } from '#adapters/tracing/port.ts';
import { addressIn } from './addresses.ts';
import { answerCall, answerReady, auditCall, isAnonymous, refuseUnready, type Served } from './answer-call.ts';
import { isAuditedRefusal } from './audit.ts';
import { traceIdOf, traceOf } from './cause.ts';
import type { Clock } from './clock.ts';
import { type Actor, anonymous, type RequestScope } from './context.ts';
import type { Database } from './database.ts';
import { type Dialect, dialectAt, dialectRefusal } from './dialect.ts';
import { isId, newId } from './ids.ts';
import { serveInternal } from './internal-calls.ts';
import { languageOf } from './languages.ts';
import type { Limits } from './limits.ts';
import type { Metrics } from './metrics.ts';
import { answerElsewhere } from './no-such-path.ts';
import { accountNeeded, forbidden, internalError, notFound, Problem, unauthenticated } from './problems.ts';
import type { ReadyReplies } from './ready-replies.ts';
import { openSpellings } from './ready-spellings.ts';
import { type Headers, problemReply } from './replies.ts';
import { actsAsStaff, isAtRoot, operationId, type Route, scopesOf } from './routes.ts';
import type { Runtime } from './runtime.ts';
import type { Secrets } from './secrets.ts';
import type { Settings } from './settings.ts';
import { isSameUsername } from './shapes.ts';
import { demandStepUp } from './step-up.ts';
import { isFailure, isUnexpected, problemOf } from './thrown.ts';

/** What a caller proves itself with: the headers `Authorization` and `X-Api-Key`. */
export interface Credentials {
  authorization: string | undefined;
  apiKey: string | undefined;
  /** On routes of a dialect that takes id tokens: the name that they must have been issued for. */
  idTokensFor?: string | undefined;
}

export interface Authenticator {
  /** @returns `anonymous` when there is neither a bearer token nor an API key. @throws unauthenticated when it is not valid. */
  authenticate(credentials: Credentials): Promise<Actor>;
}

export interface HttpParts {
  runtime: Runtime;
  /** Routes and the module that each belongs to. */
  routes: readonly { module: string; route: Route }[];
  /** Those that are spoken here. */
  dialects: readonly Dialect[];
  authenticator: Authenticator;
  auditDb: Database;
  clock: Clock;
  limits: Limits;
  log: Logger;
  metrics: Metrics;
  ready: ReadyReplies;
  secrets: Secrets;
  settings: Settings;
  tracing: Tracing;
  errors: Errors;
}

export type Env = {
  Bindings: { incoming?: { socket: { remoteAddress?: string } } };
  /** Who calls, and the RateLimit headers of their reply. */
  Variables: { address: string; counted: Headers };
};

/** The front door: every route behind limits, identity, access, step-up and validation, in this order. */
export function openHttp(parts: HttpParts): Hono<Env> {
  const { settings, log } = parts;
  const app = new Hono<Env>();
  app.use(parts.metrics.watch);
  countEverything(app, parts);
  if (settings.corsOrigins.length > 0) {
    app.use(
      cors({
        origin: settings.corsOrigins,
        exposeHeaders: [
          'Allow',
          'Content-Disposition',
          'ETag',
          'Idempotent-Replayed',
          'Link',
          'Location',
          'RateLimit',
          'RateLimit-Policy',
          'Retry-After',
          'WWW-Authenticate',
          'X-Request-Id',
        ],
        maxAge: 600,
      }),
    );
  }
  const serving = { ...parts, spellings: openSpellings() };
  for (const { module, route } of parts.routes) {
    refuseUnready(route);
    const handler = (c: Context<Env>) => serve(serving, module, route, c.req.raw, c.req.param(), c.var);
    for (const path of pathsOf(route.path)) app.on(route.method, path.replaceAll(/\{(\w+)\}/g, ':$1'), handler);
  }
  if (settings.internalSecret) serveInternal(app, parts, settings.internalSecret);
  answerElsewhere(
    app,
    (c) => ({ 'x-request-id': requestIdOf(c.req.raw), ...c.var.counted }),
    (...refusal) => refuse(parts, ...refusal),
  );
  app.onError((error, c) => {
    const id = requestIdOf(c.req.raw);
    if (error instanceof Problem) return refuse(parts, error, c.req.path, { 'x-request-id': id });
    log.error({ err: error, request: id }, 'the front door failed');
    parts.errors.report(error, { place: 'front door', request: id });
    return refuse(parts, internalError(), c.req.path, { 'x-request-id': id });
  });
  return app;
}

/** A refusal in the words of the API that the path belongs to. */
function refuse({ dialects }: Pick<HttpParts, 'dialects'>, problem: Problem, path: string, headers: Headers, route?: Route): Response {
  const dialect = route?.dialect ?? dialectAt(dialects, path);
  return dialect ? dialectRefusal(dialect, problem, headers, route?.spec.refusals) : problemReply(problem, path, headers);
}

/**
 * Every request is counted before anything else is done, for every path: also for the documents, preflights and unknown
 * paths. Other services are let through by their token, and only those without a valid one are counted.
 */
function countEverything(app: Hono<Env>, { limits, settings, dialects }: HttpParts): void {
  app.use(async (c, next) => {
    const { path } = c.req;
    c.set('address', addressOf(c, settings));
    if (settings.internalSecret && path.startsWith('/internal/')) return next();
    try {
      c.set('counted', await limits.countAddress(c.var.address, limitOf(path)));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      return refuse({ dialects }, error, path, { 'x-request-id': requestIdOf(c.req.raw) });
    }
    await next();
  });
}

/** How long a call may take with all that it asks of other services: the gateway waits for 30 s. */
const REQUEST_MS = 25_000;

const PROBES = new Set(['/livez', '/readyz', '/health', '/metrics']);
const limitOf = (path: string) => (PROBES.has(path) ? 'probes' : /^(\/gateway)?\/docs\//.test(path) ? 'docs-files' : 'address');

/** A `/v1` route answers without the prefix too. */
const pathsOf = (path: string): string[] => (isAtRoot(path) ? [path] : [`/v1${path}`, path]);

/** What its figures and spans are called by: few, whatever is asked for. */
const labelsOf = ({ method, path }: Route) => ({ method, pattern: pathsOf(path)[0]! });

/** One call, in a span of its own that continues the trace of the caller. */
function serve(parts: Served, module: string, route: Route, request: Request, ...more: [Record<string, string>, Env['Variables']]) {
  const parent = traceOf(request.headers.get('traceparent'));
  const { method, pattern } = labelsOf(route);
  const attributes = { 'http.request.method': method, 'http.route': pattern };
  return parts.tracing.span(`${method} ${pattern}`, { kind: 'server', parent, attributes }, async (span) => {
    const reply = await answer(parts, module, route, request, span.trace ?? parent, ...more);
    span.set({ 'http.response.status_code': reply.status });
    if (reply.status >= 500) span.failed(String(reply.status));
    return reply;
  });
}

async function answer(
  parts: Served,
  module: string,
  route: Route,
  request: Request,
  trace: string | null,
  params: Record<string, string>,
  { address, counted }: Env['Variables'],
): Promise<Response> {
  const started = performance.now();
  const operation = operationId(route);
  const scope: RequestScope = {
    id: requestIdOf(request),
    address,
    operation,
    subject: null,
    audited: false,
    stateChanging: route.method !== 'GET' || route.spec.changes === true,
    readsOthers: false,
    refusedWith: null,
    trace,
    get language() {
      return languageOf(request.headers.get('accept-language'));
    },
  };
  const told = { request: scope.id, trace_id: traceIdOf(trace), operation };
  const headers: Headers = { 'x-request-id': scope.id, ...counted };
  let actor = anonymous;
  let reply: Response;
  try {
    actor = await actorOf(parts, route, request, address);
    const { limit } = route.spec;
    if (actor.id) Object.assign(headers, await parts.limits.countPrincipal(actor.id));
    if (typeof limit === 'string') Object.assign(headers, await parts.limits.countNarrow(limit, address));
    scope.subject = subjectOf(params, actor);
    admit(route, actor, params);
    if (route.spec.mfa === true || (route.spec.mfa === 'staff' && actsAsStaff(route.spec, actor.permissions)))
      demandStepUp(actor, { mfaRoles: parts.settings.mfaRoles, now: parts.clock.now() });
    const call = { ...parts, module, route, request, params, actor, scope, headers, deadline: started + REQUEST_MS };
    reply = route.spec.ready && isAnonymous(request) ? await answerReady(call) : await answerCall(call);
  } catch (error) {
    const problem = problemOf(error, request);
    if (problem.status === 401) headers['www-authenticate'] = challengeOf(route, request, problem);
    if (isFailure(error, problem)) parts.log.error({ err: error, ...told }, 'a call failed');
    else if (problem.status >= 500) parts.log.warn({ ...told, code: problem.code, detail: problem.message }, 'a call was refused for now');
    if (isUnexpected(error)) parts.errors.report(error, { place: operation, request: scope.id, trace });
    if (isAuditedRefusal(route, { actor, isKey: route.spec.rawKey || request.headers.has('x-api-key'), problem }))
      await auditCall(parts, scope, actor, 'refused', problem.status);
    reply = refuse(parts, problem, new URL(request.url).pathname, headers, route);
  }
  const seconds = (performance.now() - started) / 1000;
  parts.metrics.request(labelsOf(route), reply.status, seconds);
  parts.log.info({ ...told, status: reply.status, ms: Math.round(seconds * 10_000) / 10, actor: actor.id || undefined }, 'call');
  return reply;
}

/** On public routes an invalid token counts as none: a client that signs in again may still send the old one. */
async function actorOf({ authenticator, limits }: HttpParts, route: Route, request: Request, address: string): Promise<Actor> {
  const { authorization, apiKey } = credentialsIn(request, route);
  if (authorization === undefined && apiKey === undefined) return anonymous;
  try {
    if (authorization !== undefined && apiKey !== undefined) throw unauthenticated({ reason: TWO_CREDENTIALS });
    return await authenticator.authenticate({ authorization, apiKey, idTokensFor: route.dialect?.idTokensFor });
  } catch (error) {
    if (!unauthenticated.is(error)) throw error;
    if (apiKey !== undefined) await limits.countNarrow('api-keys', address);
    if (route.spec.access.kind === 'anyone') return anonymous;
    throw error;
  }
}

/** Where a key may stand in either header, a bearer token or nothing in `Authorization` does not speak for anybody beside `X-Api-Key`. */
function credentialsIn({ headers }: Request, { spec }: Route): Credentials {
  const authorization = headers.get('authorization') ?? undefined;
  const apiKey = headers.get('x-api-key') ?? undefined;
  if (!spec.rawKey) return { authorization, apiKey };
  const isNoKey = authorization === '' || /^bearer( |$)/i.test(authorization ?? '');
  const isOneKey = apiKey === undefined || apiKey === authorization || isNoKey;
  return isOneKey ? { authorization: undefined, apiKey: apiKey ?? authorization } : { authorization, apiKey };
}

const TWO_CREDENTIALS = 'Send either Authorization or X-Api-Key, not both: they may speak for two.';

/** What the audit trail says a call was about: an id, never a name. */
const subjectOf = ({ username, ...ids }: Record<string, string>, actor: Actor): string | null =>
  Object.values(ids).find(isId) ?? (username !== undefined && isSameUsername(username, actor.username) ? actor.id || null : null);

/** Deny by default. Whose object it is, the handler's SQL asks again. */
function admit(route: Route, actor: Actor, params: Record<string, string>): void {
  const { access } = route.spec;
  if (access.kind === 'anyone') return;
  if (actor.kind !== 'user' && actor.kind !== 'key') throw unauthenticated();
  if (actor.kind === 'key') admitKey(route, actor);
  if (access.kind === 'permission' && !actor.permissions.has(access.permission)) throw forbidden({ permission: access.permission });
  if (
    access.kind === 'own-account' &&
    !isSameUsername(params.username ?? '', actor.username) &&
    !(access.staff && actor.permissions.has(access.staff))
  )
    throw notFound();
}

/** A key allows what its scopes name, and nothing that belongs to a person, because it has no account. */
function admitKey(route: Route, actor: Actor): void {
  const scopes = scopesOf(route.spec);
  if (scopes.length === 0) throw accountNeeded();
  if (!scopes.some((scope) => actor.permissions.has(scope))) throw forbidden({ permission: scopes[0] });
}

/** By the scheme that was used: RFC 7617 for Basic, RFC 6750 for a bearer token that was refused. */
function challengeOf({ spec }: Route, request: Request, problem: Problem): string {
  if (spec.basic) return 'Basic realm="souk", charset="UTF-8"';
  const refused = unauthenticated.is(problem) && /^bearer /i.test(request.headers.get('authorization') ?? '');
  return refused ? 'Bearer realm="souk", error="invalid_token"' : 'Bearer realm="souk"';
}

const requestIdOf = (request: Request): string => {
  const given = request.headers.get('x-request-id');
  return given && /^[\w.-]{1,64}$/.test(given) ? given : newId();
};

/** Who is counted. What a proxy wrote and is no address counts as the proxy itself. */
function addressOf(c: { req: { raw: Request }; env?: Env['Bindings'] }, settings: Settings): string {
  const forwarded = settings.trustProxy ? c.req.raw.headers.get('x-forwarded-for')?.split(',').at(-1) : undefined;
  return addressIn(forwarded) ?? addressIn(c.env?.incoming?.socket.remoteAddress) ?? 'local';
}
