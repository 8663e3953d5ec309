import { z } from 'zod';
import type { ProblemKind } from './problems.ts';
import * as problems from './problems.ts';
import { type Resource, resourceOf, tagsOf } from './resources.ts';
import { type Access, honoursIfMatch, operationId, type Route, scopeOf } from './routes.ts';

type Json = Record<string, unknown>;

const Problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457' });

/** The OpenAPI 3.1 document of the routes, made from the very schemas that check requests. */
export function openapi(routes: readonly { module: string; route: Route }[], version: string, resources: readonly Resource[]): Json {
  const tagOf = (module: string, route: Route): string => resourceOf(route.path, resources)?.name ?? module;
  const components: Json = {};
  const paths: Record<string, Json> = {};
  for (const { module, route } of routes) {
    const path = route.path.startsWith('/.') ? route.path : `/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(tagOf(module, route), route, components) };
  }
  schemaOf(Problem, 'output', components);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Souk',
      version,
      summary: 'One commerce backend for shops, marketplaces and reverse marketplaces',
      description:
        'Every path under /v1 also answers without the prefix. Errors are application/problem+json; their codes are explained at /docs/problems.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: tagsOf(
      routes.map(({ module, route }) => tagOf(module, route)),
      resources,
    ),
    paths: Object.fromEntries(Object.entries(paths).sort(([a], [b]) => (a < b ? -1 : 1))),
    components: {
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        basic: { type: 'http', scheme: 'basic', description: 'Name (or email) and password, for tokens only' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: "A partner's system, by a key of POST /v1/api-keys" },
      },
    },
  };
}

function operationOf(tag: string, route: Route, components: Json): Json {
  const { spec } = route;
  const scope = scopeOf(spec);
  const operation: Json = {
    operationId: operationId(route),
    tags: [tag],
    summary: spec.summary,
    description: [spec.description, accessText(spec.access), scope && keyText(scope), spec.mfa && MFA_TEXT].filter(Boolean).join('\n\n'),
  };
  if (spec.basic) operation.security = [{}, { basic: [] }];
  if (spec.access.kind !== 'anyone') operation.security = [{ bearer: [] }, ...(scope ? [{ apiKey: [] }] : [])];
  const parameters = [...pathParameters(route), ...queryParameters(route, components), ...headerParameters(route)];
  if (parameters.length > 0) operation.parameters = parameters;
  if (spec.body) {
    const schema = schemaOf(spec.body, 'input', components);
    const media = { schema, example: exampleOf(schema, components) };
    operation.requestBody = {
      required: true,
      content: { 'application/json': media, ...(spec.form ? { 'application/x-www-form-urlencoded': media } : {}) },
    };
  }
  operation.responses = { ...successOf(route, components), ...problemsOf(route) };
  return operation;
}

const MFA_TEXT =
  'Needs a second factor (MFA): whoever has enrolled one sends a token that was stepped up in the last 10 minutes (`POST /v1/auth/step-up`).';

const keyText = (scope: string): string => `An API key with the scope \`${scope}\` opens it too.`;

const accessText = (access: Access): string => {
  const staff = 'staff' in access && access.staff ? `, or staff with \`${access.staff}\`` : '';
  return {
    anyone: 'Anyone may call it.',
    'signed-in': 'For whoever is signed in.',
    permission: `Needs the permission \`${access.kind === 'permission' ? access.permission : ''}\`.`,
    'own-account': `For the account named in the path${staff}.`,
    owned: `For its owner${staff}.`,
  }[access.kind];
};

const pathParameters = (route: Route): Json[] =>
  [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: /^(id|.*Id)$/.test(name!) ? { type: 'string', format: 'uuid' } : { type: 'string' },
    example: /^(id|.*Id)$/.test(name!) ? '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' : name === 'username' ? 'bob' : 'Lamp',
  }));

function queryParameters(route: Route, components: Json): Json[] {
  if (!route.spec.query) return [];
  const { properties = {}, required = [] } = schemaOf(route.spec.query, 'input', components) as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({ name, in: 'query', required: required.includes(name), schema }));
}

function headerParameters({ spec }: Route): Json[] {
  const headers: Json[] = [];
  if (spec.idempotent) {
    headers.push({
      name: 'Idempotency-Key',
      in: 'header',
      required: spec.idempotent === 'required',
      schema: { type: 'string', maxLength: 255 },
      example: '5f3c2f0e-3f7a-4a57-9a1e-2f9b7f0d9c11',
    });
  }
  if (honoursIfMatch(spec)) headers.push({ name: 'If-Match', in: 'header', required: false, schema: { type: 'string' }, example: '"3"' });
  return headers;
}

function successOf(route: Route, components: Json): Json {
  const { redirects } = route.spec;
  const elsewhere = redirects && {
    [redirects]: {
      description: 'The browser goes on to another address',
      headers: { Location: { required: true, schema: { type: 'string', format: 'uri' } } },
    },
  };
  return route.spec.returns === null && elsewhere ? elsewhere : { ...answerOf(route, components), ...elsewhere };
}

function answerOf(route: Route, components: Json): Json {
  if (route.spec.returns === null) return { 204: { description: 'Done' } };
  const schema = schemaOf(route.spec.returns, 'output', components);
  return {
    [route.spec.status ?? 200]: {
      description: route.spec.summary,
      content: { 'application/json': { schema, example: exampleOf(schema, components) } },
    },
  };
}

/** All the ways in which a route may refuse: those it declares, and those that its shape brings along. */
export function allProblemsOf(route: Route): ProblemKind<never>[] {
  const { spec } = route;
  const kinds: ProblemKind<never>[] = [...spec.problems];
  if (spec.access.kind !== 'anyone') kinds.push(problems.unauthenticated);
  if (spec.access.kind === 'permission' || scopeOf(spec)) kinds.push(problems.forbidden);
  if (spec.access.kind !== 'anyone' && !scopeOf(spec)) kinds.push(problems.accountNeeded);
  if (spec.mfa) kinds.push(problems.mfaRequired, problems.mfaEnrolmentRequired);
  if (route.path.includes('{')) kinds.push(problems.notFound);
  if (spec.body || spec.query) kinds.push(problems.invalid);
  if (spec.body || spec.query || spec.idempotent || spec.etag || honoursIfMatch(spec) || route.path.includes('{'))
    kinds.push(problems.malformed);
  if (spec.body) kinds.push(problems.tooLarge, problems.unsupportedMedia);
  if (spec.idempotent) kinds.push(problems.keyReused, problems.stillRunning);
  if (spec.idempotent === 'required') kinds.push(problems.keyMissing);
  kinds.push(problems.tooMany, problems.unavailable, problems.internalError);
  return [...new Map(kinds.map((kind) => [kind.code, kind])).values()];
}

function problemsOf(route: Route): Json {
  const byStatus = new Map<number, ProblemKind<never>[]>();
  for (const kind of allProblemsOf(route)) byStatus.set(kind.status, [...(byStatus.get(kind.status) ?? []), kind]);
  return Object.fromEntries(
    [...byStatus].map(([status, kinds]) => [
      status,
      {
        description: kinds.map((kind) => `${kind.title} (\`${kind.code}\`)`).join('; '),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

/** A schema in JSON Schema; what carries an id stands under components, once. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const {
    $schema: _,
    $defs,
    ...json
  } = z.toJSONSchema(schema, { io, target: 'draft-2020-12', unrepresentable: 'any', reused: 'inline' }) as Json;
  for (const [id, definition] of Object.entries(($defs as Json) ?? {})) components[id] ??= referenced(definition);
  if (typeof json.id === 'string') {
    components[json.id] ??= referenced(json);
    return { $ref: `#/components/schemas/${json.id}` };
  }
  return referenced(json) as Json;
}

function referenced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referenced);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, inner]) => !(name === 'id' && typeof inner === 'string'))
      .map(([name, inner]) => [
        name,
        name === 'example'
          ? inner
          : name === '$ref' && typeof inner === 'string'
            ? inner.replace('#/$defs/', '#/components/schemas/')
            : referenced(inner),
      ]),
  );
}

/** An example made from the examples of the fields, and from their types where they have none. */
export function exampleOf(schema: Json, components: Json, depth = 0): unknown {
  if (depth > 20) return null; // a schema that holds itself
  if ('example' in schema) return schema.example;
  if (typeof schema.$ref === 'string') return exampleOf(components[schema.$ref.split('/').at(-1)!] as Json, components, depth + 1);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if ('default' in schema) return schema.default;
  const choice = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as Json[] | undefined;
  if (choice?.[0]) return exampleOf(choice[0], components, depth + 1);
  if (schema.type === 'object') {
    const required = (schema.required as string[] | undefined) ?? [];
    const properties = Object.entries((schema.properties as Record<string, Json>) ?? {}).filter(
      ([name, inner]) => required.includes(name) || 'example' in inner,
    );
    return Object.fromEntries(properties.map(([name, inner]) => [name, exampleOf(inner, components, depth + 1)]));
  }
  if (schema.type === 'array') return schema.items ? [exampleOf(schema.items as Json, components, depth + 1)] : [];
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, Number(schema.minimum ?? 1));
  if (schema.type === 'boolean') return true;
  if (schema.type === 'string') return schema.format === 'email' ? 'bob@example.com' : 'text'.padEnd(Number(schema.minLength ?? 0), '.');
  return null;
}
