import { z } from 'zod';
import { exampleOf, type Json, schemaOf } from './openapi-schemas.ts';
import type { ProblemKind } from './problems.ts';
import * as problems from './problems.ts';
import { problemType, SECURITY_HEADERS } from './replies.ts';
import { honoursIfMatch, operationId, type Route, scopesOf, takesKey } from './routes.ts';

const text = (description: string, example: string) => ({ description, schema: { type: 'string' }, example });
const seconds = (description: string) => ({ description, schema: { type: 'integer', minimum: 0 }, example: 30 });

/** Every header that a reply may have, as components of the document. */
export const headers: Readonly<Record<string, Json>> = {
  'X-Request-Id': text('The id of this call in the logs: the one that was sent, or a new one', '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'),
  RateLimit: text('Calls that are left, and seconds until there are more (draft-ietf-httpapi-ratelimit-headers)', '"address";r=1187;t=42'),
  'RateLimit-Policy': text('How many calls a limit allows in how many seconds', '"address";q=1200;w=60'),
  'Retry-After': seconds('Seconds after which to ask again'),
  ETag: text(
    'The version of what the reply shows, for If-Match; for If-None-Match too. What changes without a new version (the stock of a product) stands behind a dot. Of lists the content alone, for If-None-Match',
    '"3"',
  ),
  Vary: text('Headers of the request that the reply depends on', 'Authorization, X-Api-Key'),
  Link: text('The next page of a list (RFC 8288); absent on the last', '</v1/orders?limit=20&cursor=eyJ…>; rel="next"'),
  Location: text('Where the result can be read', '/v1/orders/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'),
  'Idempotent-Replayed': {
    description: 'Present when an earlier call with the same Idempotency-Key, or the very same call, did the work',
    schema: { type: 'string', enum: ['true'] },
    example: 'true',
  },
  'Accept-Ranges': text('Parts of the file can be asked for (RFC 9110, 14.3)', 'bytes'),
  'Content-Range': text('Which part of the file this is', 'bytes 0-1023/34815'),
  'WWW-Authenticate': text('The scheme to sign in by (RFC 9110)', 'Bearer realm="souk", error="invalid_token"'),
  'Accept-Encoding': text('The codings that a body may have', 'identity'),
  'Content-Disposition': text('The name that a browser saves the reply under', 'attachment; filename="souk-bob.json"'),
  'Set-Cookie': text('Ties a sign-in with an identity provider to the browser that began it', 'souk-journey=…; Path=/; HttpOnly; Secure'),
  'Cache-Control': text('Who may store the reply, and for how long', 'no-store'),
  ...Object.fromEntries(
    Object.entries(SECURITY_HEADERS).map(([name, value]) => [
      name.replaceAll(/(^|-)\w/g, (letter) => letter.toUpperCase()),
      text('For browsers: a fixed value', value),
    ]),
  ),
};

const EVERY_REPLY = [
  'X-Request-Id',
  'RateLimit',
  'RateLimit-Policy',
  'Cache-Control',
  ...Object.keys(headers).slice(-Object.keys(SECURITY_HEADERS).length),
];

const refs = (names: readonly string[]): Json =>
  Object.fromEntries([...names, ...EVERY_REPLY].map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const FILE_HEADERS = ['ETag', 'Accept-Ranges'];

/** What a route answers when it does what it was asked. */
export function successOf(route: Route, components: Json): Json {
  const { spec } = route;
  const replies: Record<number, Json> = {};
  if (spec.redirects)
    replies[spec.redirects] = {
      description: 'The browser goes on to another address.',
      headers: { ...refs(['Location', 'Set-Cookie']), Location: { ...headers.Location, required: true } },
    };
  if (spec.returns === null) {
    if (!spec.redirects)
      replies[204] = { description: 'Done. There is nothing to show.', headers: refs(takesKey(spec) ? ['Idempotent-Replayed'] : []) };
    return replies;
  }
  const schema = schemaOf(spec.returns, 'output', components);
  const isList = spec.query !== undefined && spec.returns instanceof z.ZodObject && 'nextCursor' in spec.returns.shape;
  const named = [
    ...(spec.etag || spec.ready ? ['ETag'] : []),
    ...(spec.ready ? ['Vary'] : []),
    ...(isList ? ['Link'] : []),
    ...(spec.location ? ['Location'] : []),
    ...(takesKey(spec) || route.method === 'POST' ? ['Idempotent-Replayed'] : []),
    ...(spec.fileName ? ['Content-Disposition'] : []),
    ...(spec.redirects ? ['Set-Cookie'] : []),
  ];
  if (spec.sends) {
    const content = Object.fromEntries(spec.sends.map((type) => [type, { schema, example: exampleOf(schema, components) }]));
    replies[200] = { description: `${spec.summary}.`, headers: refs(FILE_HEADERS), content };
    replies[206] = { description: 'The part that Range asks for.', headers: refs([...FILE_HEADERS, 'Content-Range']), content };
    replies[304] = { description: 'The caller has this already (If-None-Match).', headers: refs(['ETag']) };
    return replies;
  }
  replies[spec.status ?? 200] = {
    description: `${spec.summary}.`,
    headers: refs(named),
    content: {
      [spec.pours ?? (spec.html ? 'text/html' : 'application/json')]: {
        schema,
        example: merged(exampleOf(schema, components), spec.example),
      },
    },
  };
  if (spec.mayExist) replies[200] = { ...replies[spec.status ?? 200], description: 'It exists already.' };
  if ((spec.etag && route.method === 'GET') || spec.ready)
    replies[304] = {
      description: 'The caller has this already (If-None-Match).',
      headers: refs(['ETag', ...(spec.ready ? ['Vary'] : []), ...(spec.ready && isList ? ['Link'] : [])]),
    };
  return replies;
}

const merged = (example: unknown, own: object | undefined): unknown => (own ? { ...(example as object), ...own } : example);

/** All the ways in which a route may refuse: those it declares, and those that follow from its shape. */
export function allProblemsOf(route: Route): ProblemKind<never>[] {
  const { spec } = route;
  const kinds: ProblemKind<never>[] = [...spec.problems];
  const hasParams = route.path.includes('{');
  if (spec.access.kind !== 'anyone') kinds.push(problems.unauthenticated);
  if (spec.access.kind === 'permission' || scopesOf(spec).length > 0) kinds.push(problems.forbidden);
  if (spec.access.kind !== 'anyone' && scopesOf(spec).length === 0) kinds.push(problems.accountNeeded);
  if (spec.mfa) kinds.push(problems.mfaRequired, problems.mfaEnrolmentRequired);
  if (hasParams) kinds.push(problems.notFound);
  if (spec.body || spec.query) kinds.push(problems.invalid);
  if (spec.body || spec.query || takesKey(spec) || spec.etag || spec.ready || hasParams || honoursIfMatch(spec))
    kinds.push(problems.malformed);
  if (spec.streams) kinds.push(problems.malformed);
  if (spec.body || spec.streams) kinds.push(problems.tooLarge, problems.unsupportedMedia);
  if (spec.sends) kinds.push(problems.rangeNotSatisfiable, problems.malformed);
  if (takesKey(spec)) kinds.push(problems.keyReused, problems.stillRunning);
  if (spec.idempotent === 'required') kinds.push(problems.keyMissing);
  kinds.push(problems.tooMany, problems.unavailable, problems.internalError);
  return [...new Map(kinds.map((kind) => [kind.code, kind])).values()];
}

const HEADERS_OF: Readonly<Record<number, string[]>> = {
  401: ['WWW-Authenticate'],
  416: ['Content-Range'],
  415: ['Accept-Encoding'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

/** The refusals of a route by status. What several routes share is one component. */
export function problemsOf(route: Route, components: Json, responses: Json): Json {
  const byStatus = Map.groupBy(allProblemsOf(route), ({ status }) => status);
  return Object.fromEntries(
    [...byStatus].map(([status, kinds]) => {
      const sorted = kinds.sort((a, b) => (a.code < b.code ? -1 : 1));
      const codes = sorted.map(({ code }) => code).join();
      const name = sorted.length === 1 ? pascal(codes) : nameOfMany(route, status, codes, responses);
      responses[name] ??= problemResponse(status, sorted, components);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

/** Named after the first call that answers so. */
function nameOfMany(route: Route, status: number, codes: string, responses: Json): string {
  const known = Object.entries(responses).find(([, response]) => codesOf(response as Json) === codes);
  return known ? known[0] : `${pascal(operationId(route))}${status}`;
}

const codesOf = (response: Json): string =>
  (response.content as { [type: string]: { schema: { properties: { code: { enum: string[] } } } } })[
    'application/problem+json'
  ]!.schema.properties.code.enum.join();

const pascal = (code: string): string =>
  code.replaceAll(/(^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, __, letter: string) => letter.toUpperCase());

function problemResponse(status: number, kinds: readonly ProblemKind<never>[], components: Json): Json {
  const retryable = kinds.some(({ members }) => 'retryAfterSeconds' in members);
  const isReplayable = status === 402 || kinds.some(({ code }) => code === problems.stillRunning.code); // a key remembers it
  const replayed = isReplayable ? ['Idempotent-Replayed'] : [];
  const named = [...new Set([...(HEADERS_OF[status] ?? []), ...replayed, ...(retryable ? ['Retry-After'] : [])])];
  const examples = kinds.map((kind) => [kind.code.split('/').at(-1)!, { summary: kind.title, value: exampleProblem(kind) }]);
  return {
    description: kinds.map(({ title, code }) => `${title} (\`${code}\`).`).join(' '),
    headers: refs(named),
    content: {
      'application/problem+json': { schema: problemSchema(status, kinds, components), examples: Object.fromEntries(examples) },
    },
  };
}

/** A member that all of them carry is required; others are listed for the codes that carry them. */
function problemSchema(status: number, kinds: readonly ProblemKind<never>[], components: Json): Json {
  const names = [...new Set(kinds.flatMap(({ members }) => Object.keys(members)))];
  const carriers = (name: string) => kinds.filter(({ members }) => name in members);
  const memberOf = (name: string): Json => {
    const schemas = carriers(name).map(({ members }) => JSON.stringify(schemaOf(members[name]!, 'output', components)));
    const different = [...new Set(schemas)].map((schema) => JSON.parse(schema) as Json);
    const member = different.length > 1 ? { anyOf: different } : different[0]!;
    return carriers(name).length === kinds.length
      ? member
      : {
          ...member,
          description: `With ${carriers(name)
            .map(({ code }) => `\`${code}\``)
            .join(', ')}`,
        };
  };
  const isAlways = (name: string) => carriers(name).every(({ members }) => !members[name]!.safeParse(undefined).success);
  return {
    type: 'object',
    required: [
      'type',
      'title',
      'status',
      'detail',
      'instance',
      'code',
      ...names.filter((name) => carriers(name).length === kinds.length && isAlways(name)),
    ],
    properties: {
      type: { type: 'string', format: 'uri-reference', description: 'Where the code is explained' },
      title: { type: 'string' },
      status: { type: 'integer', enum: [status] },
      detail: { type: 'string', description: 'What was wrong and what to do, for a person' },
      instance: { type: 'string', description: 'The path that was asked' },
      code: { type: 'string', enum: kinds.map(({ code }) => code), description: 'Stable: decide by it' },
      ...Object.fromEntries(names.map((name) => [name, memberOf(name)])),
    },
  };
}

export function exampleProblem(kind: ProblemKind<never>): Json {
  const figures = exampleOf(schemaOf(z.object(kind.members), 'output', {}), {}) as never;
  const { title, status, code, message } = kind(figures);
  return { type: problemType(code), title, status, detail: message, instance: '/v1/…', code, ...(figures as Json) };
}
