import type { z } from 'zod';
import { bodyStream, NO_BODY } from './body-stream.ts';
import type { Actor } from './context.ts';
import { isId } from './ids.ts';
import { readPrecondition } from './preconditions.ts';
import { type FieldError, invalid, keyMissing, malformed, notFound } from './problems.ts';
import { readBody } from './read-body.ts';
import { readQuery } from './read-query.ts';
import { actsAsStaff, type Call, honoursIfMatch, operationId, type Route, takesKey } from './routes.ts';
import type { Secrets } from './secrets.ts';
import { foldUsername } from './shapes.ts';

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
  const query = spec.query ? check(spec.query, readQuery(request.url), 'query') : undefined;
  const body = spec.body ? check(spec.body, await readBody(request, spec.form ?? false, route.dialect !== undefined), 'body') : undefined;
  const key = takesKey(spec)
    ? keyOf(route, request, [foldedParams(params), body, ...(spec.query ? [query] : [])], actor, secrets)
    : undefined;
  return {
    params,
    query,
    body,
    key,
    stream: spec.streams ? bodyStream(request, spec.streams) : NO_BODY,
    url: request.url,
    ifMatch: honoursIfMatch(spec) ? readPrecondition(request.headers) : undefined,
    owner: actsAsStaff(spec, actor.permissions) ? null : actor.id,
    header: (name) => request.headers.get(name) ?? undefined,
    headerNames: () => [...request.headers.keys()],
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

function check<S extends z.ZodType>(schema: S, value: unknown, place: 'query' | 'body'): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw invalid({ errors: fieldErrors(parsed.error, place) });
  const unstorable = pointerToUnstorable(parsed.data, '');
  if (unstorable !== undefined)
    throw invalid({ errors: [{ pointer: unstorable, detail: 'must not hold the character U+0000, or half a character', in: place }] });
  return parsed.data;
}

const ERRORS_SHOWN = 20;

export function fieldErrors(error: z.ZodError, place: 'query' | 'body'): FieldError[] {
  return error.issues
    .slice(0, ERRORS_SHOWN)
    .flatMap((issue) => {
      if (issue.code !== 'unrecognized_keys') return [{ path: issue.path, detail: issue.message.slice(0, 300) }];
      return issue.keys.slice(0, ERRORS_SHOWN).map((key) => ({ path: [...issue.path, key], detail: 'is not a field of this call' }));
    })
    .slice(0, ERRORS_SHOWN)
    .map(({ path, detail }) => ({ pointer: pointerTo(path), detail, in: place }));
}

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).slice(0, 100).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

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

function keyOf(route: Route, request: Request, content: unknown[], actor: Actor, secrets: Secrets) {
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
    bodyHash: secrets.fingerprint(canonical(content), 'idempotency'),
  };
}

/** Two spellings of one username or one id name the same, and are hashed alike. */
const foldedParams = (params: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(params).map(([name, value]) => [name, foldUsername(value)]));

/** JSON with sorted names, so that two spellings of one body are the same body. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
