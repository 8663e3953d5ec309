import { introduction } from './introduction.ts';
import { headers, problemsOf, successOf } from './openapi-replies.ts';
import { exampleOf, type Json, schemaOf } from './openapi-schemas.ts';
import { forbidden } from './problems.ts';
import { type Resource, resourceOf, tagsOf } from './resources.ts';
import { type Access, honoursIfMatch, isAtRoot, operationId, type Route, type Streams, scopesOf, takesKey } from './routes.ts';

interface Parts {
  schemas: Json;
  responses: Json;
}

const tagOf = (module: string, route: Route, resources: readonly Resource[]): string => resourceOf(route.path, resources)?.name ?? module;

/** The tags of the document, which it costs nothing to know. */
export const tagsIn = (routes: readonly { module: string; route: Route }[], resources: readonly Resource[]): ReturnType<typeof tagsOf> =>
  tagsOf(
    routes.map(({ module, route }) => tagOf(module, route, resources)),
    resources,
  );

/** The OpenAPI 3.1 document of the routes, made from the very schemas that check requests. */
export function openapi(routes: readonly { module: string; route: Route }[], version: string, resources: readonly Resource[]): Json {
  const parts: Parts = { schemas: {}, responses: {} };
  const paths: Record<string, Json> = {};
  for (const { route } of routes) if (route.spec.returns) schemaOf(route.spec.returns, 'output', parts.schemas); // replies are open: they come first
  for (const { module, route } of routes) {
    const path = isAtRoot(route.path) ? route.path : `/v1${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(tagOf(module, route, resources), route, parts) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Souk',
      version,
      summary: 'One commerce backend for shops, marketplaces and reverse marketplaces',
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The Souk that serves this document; on your machine http://localhost:3000' }],
    tags: tagsIn(routes, resources),
    paths: sorted(paths),
    components: {
      schemas: sorted(parts.schemas),
      responses: sorted(parts.responses),
      headers,
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The `accessToken` of a sign-in' },
        basic: { type: 'http', scheme: 'basic', description: 'Username (or email) and password, for `POST /v1/auth/token` only' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: "The key of a partner's system, from `POST /v1/api-keys`" },
      },
    },
  };
}

const sorted = (map: Json): Json => Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

function operationOf(tag: string, route: Route, { schemas, responses }: Parts): Json {
  const { spec } = route;
  const operation: Json = {
    operationId: operationId(route),
    tags: [tag],
    summary: spec.summary,
    description: [
      spec.description,
      whoText(route),
      spec.mfa && mfaText(spec.mfa),
      spec.actsAgain && `**Idempotency-Key:** accepted, without effect. ${spec.actsAgain}`,
    ]
      .filter(Boolean)
      .join('\n\n'),
    security: securityOf(route),
  };
  const parameters = [...pathParameters(route), ...queryParameters(route, schemas), ...headerParameters(route)];
  if (parameters.length > 0) operation.parameters = parameters;
  if (spec.body) {
    const schema = schemaOf(spec.body, 'input', schemas);
    const media = { schema, example: exampleOf(schema, schemas) };
    operation.requestBody = {
      required: !spec.body.safeParse({}).success,
      content: { 'application/json': media, ...(spec.form ? { 'application/x-www-form-urlencoded': media } : {}) },
    };
  }
  if (spec.streams) {
    operation.requestBody = streamedBody(spec.streams);
  }
  operation.responses = { ...successOf(route, schemas), ...problemsOf(route, schemas, responses) };
  return operation;
}

/** A file as it is, or a form of parts that ends with it. A length would make generators look for characters in it. */
function streamedBody({ types, fields, limitBytes }: Streams): Json {
  const file = { type: 'string', format: 'binary', description: `At most ${limitBytes} bytes` };
  const text = Object.fromEntries((fields ?? []).map((name) => [name, { type: 'string' }]));
  const schema = fields ? { type: 'object', properties: { ...text, file }, required: [...fields, 'file'] } : file;
  return { required: true, content: Object.fromEntries(types.map((type) => [type, { schema }])) };
}

/** A public call that some may not make in every way looks at who calls, if anybody says so. */
function securityOf({ spec }: Route): Json[] {
  if (spec.basic) return [{}, { basic: [] }];
  if (spec.access.kind === 'anyone') return spec.problems.some(({ code }) => code === forbidden.code) ? [{}, { bearer: [] }] : [];
  return [{ bearer: [] }, ...(scopesOf(spec).length > 0 ? [{ apiKey: [] }] : [])];
}

const mfaText = (who: true | 'staff'): string =>
  `**Second factor (MFA):** ${who === 'staff' ? 'a member of staff' : 'an account'} that has enrolled one sends a token that was stepped up in the last 10 minutes (\`POST /v1/auth/step-up\`).`;

function whoText({ spec }: Route): string {
  const scopes = scopesOf(spec).map((scope) => `\`${scope}\``);
  return `**Who:** ${accessText(spec.access)}${scopes.length > 0 ? ` An API key with the scope ${scopes.join(' or ')} may call it too.` : ''}`;
}

const accessText = (access: Access): string => {
  const staff = 'staff' in access && access.staff ? `, or staff with the permission \`${access.staff}\`` : '';
  return {
    anyone: 'anyone.',
    'signed-in': 'anyone who is signed in.',
    permission: `staff with the permission \`${access.kind === 'permission' ? access.permission : ''}\`.`,
    'own-account': `the account that the path names${staff}.`,
    owned: `the owner${access.kind === 'owned' ? ` of the ${access.what}` : ''}${staff}.`,
  }[access.kind];
};

/** What names in paths mean everywhere. Ids are told by their names; a route explains others (`params`). */
const NAMES: Readonly<Record<string, { example: string; description: string }>> = {
  username: { example: 'bob', description: 'The username of the account, in capitals or small letters' },
};

/** `/v1/products/{id}`: the id of the product. */
const idText = (path: string, name: string): string => {
  const words = /([\w-]+)\/\{$/.exec(path.slice(0, path.indexOf(`{${name}}`) + 1))?.[1] ?? '';
  const one = words.replaceAll('-', ' ').replace(/ies$/, 'y').replace(/s$/, '').replace('moderation', 'item that waits');
  return `The id of the ${one}`;
};

const pathParameters = (route: Route): Json[] =>
  [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => {
    const isId = /^(id|.*Id)$/.test(name!);
    return {
      name,
      in: 'path',
      required: true,
      schema: isId ? { type: 'string', format: 'uuid' } : { type: 'string', minLength: 1, maxLength: 300 },
      ...(isId
        ? { description: idText(route.path, name!), example: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' }
        : (route.spec.params?.[name!] ?? NAMES[name!] ?? { description: 'A name', example: 'Lamp' })),
    };
  });

/** Names that a query may have beside the fixed ones, such as `option.color`, are one parameter of style `form` that is exploded. */
function queryParameters(route: Route, components: Json): Json[] {
  if (!route.spec.query) return [];
  const query = schemaOf(route.spec.query, 'input', components) as {
    properties?: Record<string, Json>;
    required?: string[];
    additionalProperties?: Json | boolean;
    description?: string;
    example?: Json;
  };
  const { properties = {}, required = [] } = query;
  const named: Json[] = Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = schema;
    return { name, in: 'query', required: required.includes(name), ...(description ? { description } : {}), schema: rest };
  });
  if (typeof query.additionalProperties !== 'object') return named;
  const schema = { type: 'object', additionalProperties: { type: 'string' } };
  return [
    ...named,
    {
      name: 'options',
      in: 'query',
      style: 'form',
      explode: true,
      required: false,
      description: query.description,
      schema,
      example: query.example,
    },
  ];
}

function headerParameters({ method, spec }: Route): Json[] {
  const header = (name: string, description: string, example: string, more: Json = {}): Json => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
    example,
    ...more,
  });
  return [
    ...(takesKey(spec)
      ? [
          header(
            'Idempotency-Key',
            'New for each thing that you want done, the same when you retry',
            '5f3c2f0e-3f7a-4a57-9a1e-2f9b7f0d9c11',
            {
              required: spec.idempotent === 'required',
              schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[!-~]+$' },
            },
          ),
        ]
      : []),
    ...(honoursIfMatch(spec) ? [header('If-Match', 'The ETag that you have read: 412 when it is no longer the current one', '"3"')] : []),
    ...(spec.sends ? [header('Range', 'Asks for a part of the file, in bytes', 'bytes=0-1023')] : []),
    ...((spec.etag && method === 'GET') || spec.ready || spec.sends
      ? [header('If-None-Match', 'The ETag that you have: 304 when it is still the current one', '"3"')]
      : []),
  ];
}
