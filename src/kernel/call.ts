import type { z } from 'zod';
import type { Actor } from './context.ts';
import { isId } from './ids.ts';
import { type FieldError, invalid, keyMissing, malformed, notFound, tooLarge, unsupportedMedia } from './problems.ts';
import { type Call, honoursIfMatch, operationId, type Route } from './routes.ts';
import type { Secrets } from './secrets.ts';

export const BODY_LIMIT_BYTES = 256 * 1024;

/** Reads a request into what its route's handler is given, or refuses it. Nothing of it is trusted before this. */
export async function readCall(
  route: Route,
  request: Request,
  rawParams: Record<string, string>,
  actor: Actor,
  secrets: Secrets,
): Promise<Call<string, unknown, unknown>> {
  const { spec } = route;
  const params = checkedParams(rawParams);
  const query = spec.query ? check(spec.query, queryOf(request.url), 'query') : undefined;
  const body = spec.body ? check(spec.body, await bodyOf(request, spec.form === true), 'body') : undefined;
  const key = spec.idempotent ? keyOf(route, request, params, body, actor, secrets) : undefined;
  return {
    params,
    query,
    body,
    key,
    ifMatch: honoursIfMatch(spec) ? ifMatchOf(request) : undefined,
    owner: spec.access.kind === 'owned' && spec.access.staff && actor.permissions.has(spec.access.staff) ? null : actor.id,
    header: (name) => request.headers.get(name) ?? undefined,
  };
}

/** Path parts that name an id must be one; else there is nothing there. */
function checkedParams(params: Record<string, string>): Record<string, string> {
  for (const [name, value] of Object.entries(params)) {
    if (/^(id|.*Id)$/.test(name) && !isId(value)) throw notFound();
    if (value.length > 300 || value.includes('\u0000')) throw notFound();
  }
  return params;
}

function queryOf(url: string): Record<string, string> {
  const start = url.indexOf('?');
  if (start < 0) return {};
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(url.slice(start + 1))) query[name] = value;
  return query;
}

async function bodyOf(request: Request, formAllowed: boolean): Promise<unknown> {
  const type = request.headers.get('content-type') ?? '';
  const isForm = type.startsWith('application/x-www-form-urlencoded');
  const text = await textOf(request);
  if (isForm && formAllowed) return Object.fromEntries(new URLSearchParams(text));
  if (text === '') return {};
  if (!/^application\/([\w.+-]+\+)?json\b/i.test(type)) {
    throw unsupportedMedia({ expected: formAllowed ? 'application/json or application/x-www-form-urlencoded' : 'application/json' });
  }
  try {
    return JSON.parse(text);
  } catch {
    throw malformed({ reason: 'The body is not JSON.' });
  }
}

async function textOf(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > BODY_LIMIT_BYTES) throw tooLarge({ limitBytes: BODY_LIMIT_BYTES });
  if (request.headers.has('content-length')) return request.text();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > BODY_LIMIT_BYTES) throw tooLarge({ limitBytes: BODY_LIMIT_BYTES });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function check<S extends z.ZodType>(schema: S, value: unknown, place: 'query' | 'body'): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid({ errors: fieldErrors(parsed.error, place) });
  const unstorable = pointerToUnstorable(parsed.data, '');
  if (unstorable !== undefined)
    throw invalid({ errors: [{ pointer: unstorable, detail: 'must not hold the character U+0000, or half a character', in: place }] });
  return parsed.data;
}

function fieldErrors(error: z.ZodError, place: 'query' | 'body'): FieldError[] {
  return error.issues.slice(0, 50).flatMap((issue) => {
    const paths = issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
    const detail = issue.code === 'unrecognized_keys' ? 'is not a field of this call' : issue.message;
    return paths.map((path) => ({
      pointer: path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
      detail,
      in: place,
    }));
  });
}

/** PostgreSQL stores every character but U+0000. Half of a surrogate pair is none: text columns would change it, JSON columns refuse it. */
const isStorable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();

function pointerToUnstorable(value: unknown, pointer: string): string | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : pointer;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (!isStorable(name)) return pointer;
    const found = pointerToUnstorable(inner, `${pointer}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyOf(route: Route, request: Request, params: unknown, body: unknown, actor: Actor, secrets: Secrets) {
  const value = request.headers.get('idempotency-key');
  if (value === null) {
    if (route.spec.idempotent === 'required') throw keyMissing();
    return undefined;
  }
  if (!/^[\x21-\x7e]{1,255}$/.test(value))
    throw malformed({ reason: 'An Idempotency-Key has 1 to 255 visible ASCII characters; a UUID is a good one.' });
  const operation = operationId(route);
  return {
    principal: `${actor.id || 'anonymous'}:${operation}`,
    value,
    bodyHash: secrets.fingerprint(canonical([params, body]), 'idempotency'),
  };
}

/** JSON with sorted names, so that two spellings of one body are the same body. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

function ifMatchOf(request: Request): number | undefined {
  const value = request.headers.get('if-match');
  if (value === null || value === '*') return undefined;
  const version = /^"(\d{1,15})"$/.exec(value.trim())?.[1];
  if (!version) throw malformed({ reason: 'If-Match must be the ETag of a reply, for example "3".' });
  return Number(version);
}
