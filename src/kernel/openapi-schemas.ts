import { z } from 'zod';

export type Json = Record<string, unknown>;

/** Formats that say all that their pattern says, to every reader. */
const FORMATS = ['uuid', 'date-time', 'date', 'uri', 'email'];
const INT32 = 2 ** 31;

/**
 * A schema in JSON Schema, such as readers in other languages take it: whole numbers beyond 32 bits are said to be int64, patterns
 * that only JavaScript reads are left to the description, and replies are open, so that a field that is new breaks no client.
 * A schema with an id is a component, once.
 */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Json): Json {
  const {
    $schema: _,
    $defs,
    ...json
  } = z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    unrepresentable: 'any',
    reused: 'inline',
    override: ({ jsonSchema }) => makePortable(jsonSchema as Json, io),
  }) as Json;
  for (const [id, definition] of Object.entries(($defs as Json) ?? {})) components[id] ??= referenced(definition);
  if (typeof json.id === 'string') {
    components[json.id] ??= referenced(json);
    return { $ref: `#/components/schemas/${json.id}` };
  }
  return referenced(json) as Json;
}

function makePortable(json: Json, io: 'input' | 'output'): void {
  if (io === 'output' && json.additionalProperties === false) delete json.additionalProperties;
  if (json.type === 'integer') {
    for (const bound of ['minimum', 'maximum']) if (Math.abs(Number(json[bound])) === Number.MAX_SAFE_INTEGER) delete json[bound];
    const fits = Number(json.minimum ?? -Infinity) >= -INT32 && Number(json.maximum ?? Infinity) < INT32;
    if (!fits) json.format = 'int64';
  }
  if (typeof json.pattern === 'string' && (json.pattern.includes('\\p{') || FORMATS.includes(String(json.format)))) delete json.pattern;
}

/** Without the ids, and with references into components. */
function referenced(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(referenced);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, inner]) => !(name === 'id' && typeof inner === 'string'))
      .map(([name, inner]) => [name, referencedAt(name, inner)]),
  );
}

function referencedAt(name: string, inner: unknown): unknown {
  if (name === 'example') return inner;
  return name === '$ref' && typeof inner === 'string' ? inner.replace('#/$defs/', '#/components/schemas/') : referenced(inner);
}

/** Values in examples for fields without an example of their own, by their name. */
const WORDS: Readonly<Record<string, unknown>> = {
  username: 'bob',
  fullName: 'Jane Doe',
  name: 'Desk lamp',
  email: 'jane@example.com',
  message: 'Done. Look into your mail.',
  description: 'Bends where you want it.',
  type: 'lamp',
  brand: 'Carthage Lights',
  slug: 'electronics',
  category: 'electronics',
  parent: null,
  nextCursor: null,
  sku: 'LAMP-RED',
  url: 'https://shop.example.com/lamp.jpg',
  alt: 'A red desk lamp',
  comment: 'It bends where I want it.',
  reason: 'Counted again',
  decisionReason: 'It insults the seller.',
  excerpt: 'What was written',
  accessToken: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk5In0.c2ln',
  access_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMTk5In0.c2ln',
  idToken: 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTk5In0.c2ln',
  id_token: 'eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIwMTk5In0.c2ln',
  refreshToken: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01.1.2Zc0mmZ9cQ0yX0JrKQ4rXw.b3VycyBhbG9uZQ',
  refresh_token: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01.1.2Zc0mmZ9cQ0yX0JrKQ4rXw.b3VycyBhbG9uZQ',
  expires_in: 600,
  permissions: ['orders:read'],
  scopes: ['orders:ship'],
  subjects: ['0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'],
  subject: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01',
  requestId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e02',
  network: '203.0.113.0/24',
  operation: 'postOrders',
  queue: 'orders.give-back',
  rule: 'balanced',
  kind: 'sale',
  owner: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01',
  purpose: 'available',
  gateway: 'simulated',
  gateways: ['simulated'],
  currency: 'USD',
  command: 'approve',
  state: 'placed',
  payment: 'wallet',
  carrier: 'Carthage Couriers',
  tracking: 'TN-4711',
  city: 'Tunis',
  street: '12 Rue de Carthage',
  amount: 12500,
  balance: 12500,
  available: 12500,
  needed: 15000,
  average: 4.5,
  count: 12,
  rating: 5,
  stock: 10,
  onHand: 10,
  status: 200,
  version: 3,
  current: 4,
  issuer: 'https://souk.example.com',
  jwks_uri: 'https://souk.example.com/.well-known/jwks.json',
  token_endpoint: 'https://souk.example.com/v1/auth/token',
  userinfo_endpoint: 'https://souk.example.com/v1/auth/me',
  response_types_supported: ['token'],
  grant_types_supported: ['refresh_token', 'client_credentials'],
  subject_types_supported: ['public'],
  id_token_signing_alg_values_supported: ['ES256'],
  token_endpoint_auth_methods_supported: ['client_secret_basic'],
  claims_supported: ['iss', 'aud', 'sub', 'exp'],
  id: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01',
  kty: 'EC',
  crv: 'P-256',
  alg: 'ES256',
  use: 'sig',
  kid: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
};

/** An example made from the examples of the fields, from their names, and from their types. `name` is that of the field. */
export function exampleOf(schema: Json, components: Json, name = '', depth = 0): unknown {
  if (depth > 20) return null; // a schema that holds itself
  if ('example' in schema) return schema.example;
  if (typeof schema.$ref === 'string') return exampleOf(components[schema.$ref.split('/').at(-1)!] as Json, components, name, depth + 1);
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if ('default' in schema) return schema.default;
  const choice = (schema.anyOf ?? schema.oneOf ?? schema.allOf) as Json[] | undefined;
  if (choice?.[0]) return exampleOf(choice[0], components, name, depth + 1);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object') return exampleObject(schema, components, depth);
  if (Object.hasOwn(WORDS, name) && fits(WORDS[name], type) && (type !== 'string' || schema.format === undefined)) return WORDS[name];
  if (type === 'array') return schema.items ? [exampleOf(schema.items as Json, components, name, depth + 1)] : [];
  if (type === 'integer' || type === 'number') return Math.max(1, Number(schema.minimum ?? 1));
  if (type === 'boolean') return true;
  if (type === 'string') return schema.format === 'email' ? 'bob@example.com' : 'text'.padEnd(Number(schema.minLength ?? 0), '.');
  return null;
}

const fits = (word: unknown, type: unknown): boolean =>
  word === null || (Array.isArray(word) ? type === 'array' : typeof word === (type === 'integer' ? 'number' : type));

function exampleObject(schema: Json, components: Json, depth: number): Json {
  const required = (schema.required as string[] | undefined) ?? [];
  const properties = Object.entries((schema.properties as Record<string, Json>) ?? {}).filter(
    ([name, inner]) => required.includes(name) || 'example' in inner,
  );
  return Object.fromEntries(properties.map(([name, inner]) => [name, exampleOf(inner, components, name, depth + 1)]));
}
