import type { z } from 'zod';
import { fileResponse, isFileReply, isStreamReply, streamResponse } from './file-reply.ts';
import { isNoneMatched } from './preconditions.ts';
import type { Problem } from './problems.ts';
import { etagOf, type Made, nextCursorOf, type ReadyReply } from './ready-replies.ts';
import { isRedirection, isReplayed, type Redirection, type Route, textOf } from './routes.ts';

export const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'cross-origin-resource-policy': 'same-site',
};

export type Headers = Record<string, string>;

/** Where a problem's `type` is explained: a page that every Souk serves. */
export const problemType = (code: string) => `/docs/problems#${code.replaceAll('/', '-')}`;

/** A refusal as RFC 9457 writes it. Nobody keeps it: it may carry a ticket, or say what is true for this caller at this moment. */
export function problemReply(problem: Problem, instance: string, headers: Headers): Response {
  const all = { ...refusalHeaders(problem, headers), 'content-type': 'application/problem+json' };
  return new Response(problemText(problem, instance), { status: problem.status, headers: all });
}

/** The headers of a refusal, in whichever words it is said. */
export function refusalHeaders(problem: Problem, headers: Headers): Headers {
  const retryAfter = problem.extra.retryAfterSeconds;
  const all: Headers = { ...SECURITY_HEADERS, 'cache-control': 'no-store', ...headers };
  if (typeof retryAfter === 'number') all['retry-after'] = String(retryAfter);
  if (problem.isReplayed) all['idempotent-replayed'] = 'true';
  if (problem.status === 401) all['www-authenticate'] ??= 'Bearer realm="souk"';
  if (problem.status === 415) all['accept-encoding'] = 'identity';
  return all;
}

/** The body of a problem. */
export const problemText = ({ code, title, status, message, extra }: Problem, instance: string): string =>
  JSON.stringify({ type: problemType(code), title, status, detail: message, instance, code, ...extra });

/** The same, on a socket that carries no request that could be answered. */
export function rawProblemReply(problem: Problem, headers: Headers): string {
  const body = problemText(problem, '');
  const all = { ...headers, 'content-type': 'application/problem+json', 'content-length': Buffer.byteLength(body), connection: 'close' };
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${problem.title}\r\n${head.join('')}\r\n${body}`;
}

/**
 * The reply of a handler. With `checked`, it is compared with the route's schema first:
 * @throws Error when the reply is not what the API promises.
 */
export function resultReply(
  route: Route,
  request: Request,
  params: Record<string, string>,
  answer: unknown,
  headers: Headers,
  checked: boolean,
): Response {
  const { spec } = route;
  const result = isReplayed(answer) ? answer.value : answer;
  const all: Headers = { ...SECURITY_HEADERS, 'cache-control': spec.cacheControl ?? 'no-store', ...headers };
  if (isReplayed(answer) && answer.isRepeated) all['idempotent-replayed'] = 'true';
  if (isRedirection(result)) return redirectionReply(route, result, all);
  if (isFileReply(result)) return fileResponse(result, request, all);
  if (isStreamReply(result)) {
    if (spec.fileName) all['content-disposition'] = attachment(spec.fileName(result as never));
    return streamResponse(result, request, all);
  }
  if (spec.returns === null) return new Response(null, { status: 204, headers: all });
  if (spec.html) return htmlReply(String(result), all);
  const text = textOf(result) ?? JSON.stringify(result);
  if (checked) checkReply(route, spec.returns, text);
  if (spec.etag) {
    const version = spec.etag(result as never);
    all.etag = route.method === 'GET' && spec.ready ? etagOf(text, version) : `"${version}"`;
    if (route.method === 'GET' && isNoneMatched(request.headers.get('if-none-match'), all.etag))
      return new Response(null, { status: 304, headers: all });
  }
  if (spec.location) all.location = `/v1${spec.location(result as never, params)}`;
  if (spec.fileName) all['content-disposition'] = attachment(spec.fileName(result as never));
  const next = nextCursorOf(text);
  if (next) all.link = `<${nextUrl(request.url, next)}>; rel="next"`;
  all['content-type'] = 'application/json';
  return new Response(text, { status: (isReplayed(answer) && answer.status) || (spec.status ?? 200), headers: all });
}

/** A page without scripts, whose forms go to Souk alone. */
const htmlReply = (page: string, headers: Headers): Response =>
  new Response(page, {
    headers: {
      ...headers,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    },
  });

/** What a shared cache may keep: it asks each time whether the reply is still true, and shows an old one only while Souk does not answer. */
const PUBLIC = { 'cache-control': 'public, max-age=0, stale-if-error=60', vary: 'Authorization, X-Api-Key' };

/** A reply that is ready, for whoever is anonymous; 304 without it for those who have it. @throws malformed */
export function readyReply(reply: ReadyReply, request: Request, headers: Headers): Response {
  const { etag, next, bytes } = reply;
  const all: Headers = { ...SECURITY_HEADERS, ...PUBLIC, etag, ...headers };
  if (next) all.link = `<${nextUrl(request.url, next)}>; rel="next"`;
  if (isNoneMatched(request.headers.get('if-none-match'), etag)) return new Response(null, { status: 304, headers: all });
  all['content-type'] = 'application/json';
  return new Response(bytes, { status: 200, headers: all });
}

/** What a handler of a `ready` route answered. With `checked`, @throws Error when it is not what the API promises. */
export function madeOf(route: Route, params: Record<string, string>, answer: unknown, checked: boolean): Made {
  const { spec } = route;
  const text = textOf(answer) ?? JSON.stringify(answer);
  if (checked) checkReply(route, spec.returns as z.ZodType, text);
  return { text, topics: spec.ready?.(params as never, answer as never) ?? [], version: spec.etag?.(answer as never) };
}

/** @throws Error when the route does not say that it redirects. */
function redirectionReply(route: Route, { location, cookie }: Redirection, headers: Headers): Response {
  const status = route.spec.redirects;
  if (!status) throw new Error(`${route.method} ${route.path} redirects, which it does not declare.`);
  return new Response(null, { status, headers: { ...headers, location, ...(cookie ? { 'set-cookie': cookie } : {}) } });
}

function checkReply(route: Route, schema: z.ZodType, text: string): void {
  const parsed = schema.safeParse(JSON.parse(text));
  if (!parsed.success) throw new Error(`The reply of ${route.method} ${route.path} is not what it promises: ${parsed.error.message}`);
}

/**
 * A header that has the reply saved under this name (RFC 6266). Letters of other alphabets follow encoded (RFC 8187), and whoever
 * cannot read those gets `_` for each; so no name breaks out of the header.
 */
export function attachment(fileName: string): string {
  const plain = fileName.replaceAll(/[^\w. -]/gu, '_');
  const encoded = encodeURIComponent(fileName.toWellFormed()).replaceAll(/['()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return `attachment; filename="${plain}"${plain === fileName ? '' : `; filename*=UTF-8''${encoded}`}`;
}

/** Path and query of the same list from the cursor on. */
function nextUrl(url: string, cursor: string): string {
  const { pathname, search } = splitUrl(url);
  const kept = search.split('&').filter((part) => part !== '' && nameIn(part) !== 'cursor');
  return `${pathname}?${[...kept, `cursor=${cursor}`].join('&')}`;
}

/** The name of a query parameter, which may be written with escapes, and without a value. */
const nameIn = (part: string): string => decodeURIComponent(part.split('=', 1)[0]!.replaceAll('+', ' '));

/** A Request's url is whole and normalised, so it need not be parsed again. */
function splitUrl(url: string): { pathname: string; search: string } {
  const path = url.slice(url.indexOf('/', url.indexOf('//') + 2));
  const end = path.indexOf('?'); // what follows may hold more of them
  return end < 0 ? { pathname: path, search: '' } : { pathname: path.slice(0, end), search: path.slice(end + 1) };
}
