import { beforeAll, describe, expect, test } from 'vitest';
import { type Document, judge, type Media, type Operation, resolved, type Schema } from './document.ts';
import { world } from './world.ts';

/** What clients and their generators rely on in the OpenAPI document. */

let document: Document;
let operations: { path: string; method: string; operation: Operation }[];

beforeAll(async () => {
  document = JSON.parse(JSON.stringify((await world()).souk.openapi()));
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
});

/** Every object of the document, with the names that lead to it. */
function* objects(value: unknown, names: string[] = []): Generator<[Record<string, unknown>, string[]]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [value as Record<string, unknown>, names];
  for (const [name, inner] of Object.entries(value)) if (!['example', 'examples'].includes(name)) yield* objects(inner, [...names, name]);
}

const isMedia = (value: Record<string, unknown>): boolean => 'schema' in value && ('example' in value || 'examples' in value);

describe('every example', () => {
  test('is one that its schema takes', () => {
    const { fits } = judge(document);
    let seen = 0;
    for (const [object, names] of objects(document)) {
      if (!isMedia(object)) continue;
      const { example, examples = {} } = object as unknown as Media;
      const values = [...(example === undefined ? [] : [example]), ...Object.values(examples).map(({ value }) => value)];
      for (const value of values) {
        seen++;
        expect(fits([...names, 'schema'], value), `${names.join(' ')}: ${JSON.stringify(value)}`).toEqual([]);
      }
    }
    expect(seen).toBeGreaterThan(250);
  });

  test('is one that could be true', () => {
    for (const { operation } of operations) {
      const text = JSON.stringify(Object.values(operation.responses).map(({ content }) => content));
      expect(text, operation.operationId).not.toMatch(/"text\.*"(?!:)|-9007199254740991|"state":"placing"/);
    }
  });
});

describe('every schema', () => {
  test('that is referred to is there', () => {
    for (const [object] of objects(document))
      if (typeof object.$ref === 'string') expect(resolved(document, object), object.$ref).toBeDefined();
  });

  test('has patterns that other languages read, and says which whole numbers are beyond 32 bits', () => {
    let long = 0;
    for (const [schema, names] of objects(document)) {
      if (typeof schema.pattern === 'string') expect(schema.pattern, names.join(' ')).not.toMatch(/\\p\{|\(\?[=!<]|\\[bBkuc]/);
      if (schema.type !== 'integer') continue;
      const { minimum = -Infinity, maximum = Infinity } = schema as { minimum?: number; maximum?: number };
      const isLong = minimum < -(2 ** 31) || maximum >= 2 ** 31;
      if (!schema.enum && !names.includes('headers')) expect(schema.format, names.join(' ')).toBe(isLong ? 'int64' : undefined);
      if (isLong) long++;
    }
    expect(long).toBeGreaterThan(10);
  });

  test('of a reply is open, so that a new field breaks no client', () => {
    const reached = new Set<unknown>();
    const closed: string[] = [];
    const visit = (value: unknown, at: string): void => {
      for (const [schema] of objects(value)) {
        if (schema.additionalProperties === false) closed.push(at);
        if (typeof schema.$ref !== 'string' || reached.has(schema.$ref)) continue;
        reached.add(schema.$ref);
        visit(resolved(document, schema), schema.$ref);
      }
    };
    for (const { operation } of operations) visit(operation.responses, operation.operationId);
    expect(closed).toEqual([]);
    expect(reached.size).toBeGreaterThan(50);
  });
});

describe('every operation', () => {
  test('says what it does, who may call it and how they sign in, and belongs to a resource that is explained', () => {
    for (const { operation } of operations) {
      expect(operation.description.replace(/\*\*Who:\*\*.*/s, '').length, operation.operationId).toBeGreaterThan(20);
      expect(operation.description, operation.operationId).toContain('**Who:**');
      expect(operation.security, operation.operationId).toBeDefined();
      const tag = document.tags.find(({ name }) => name === operation.tags[0]);
      expect(tag?.description?.length, operation.tags[0]).toBeGreaterThan(30);
    }
  });

  test('declares the headers of each reply', () => {
    for (const { operation } of operations) {
      for (const [status, given] of Object.entries(operation.responses)) {
        const { headers } = resolved(document, given);
        const expected = ['X-Request-Id', 'RateLimit', 'RateLimit-Policy', ...(HEADERS[status] ?? [])];
        expect(Object.keys(headers), `${operation.operationId} ${status}`).toEqual(expect.arrayContaining(expected));
      }
    }
  });

  test('lists the codes of each refusal, and the members that they carry', () => {
    let codes = 0;
    for (const { operation } of operations) {
      for (const [status, given] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue;
        const { content, description } = resolved(document, given);
        const { properties, required } = content!['application/problem+json']!.schema as {
          properties: Record<string, Schema>;
          required: string[];
        };
        expect(properties.status!.enum).toEqual([Number(status)]);
        for (const code of properties.code!.enum as string[]) expect(description).toContain(`\`${code}\``);
        codes += (properties.code!.enum as string[]).length;
        if (status === '429') expect(required).toContain('retryAfterSeconds');
      }
    }
    expect(codes).toBeGreaterThan(500);
    const { properties } = resolved(document, document.paths['/v1/orders']!.post!.responses['409']!).content!['application/problem+json']!
      .schema as { properties: Record<string, Schema> };
    for (const member of ['available', 'needed', 'variantIds', 'currencies', 'retryAfterSeconds'])
      expect(properties).toHaveProperty(member);
  });

  test('that takes filters of any name declares them', () => {
    const options = document.paths['/v1/products']!.get!.parameters!.find(({ explode }) => explode);
    expect(options).toMatchObject({ in: 'query', style: 'form', schema: { type: 'object' }, example: { 'option.color': 'red' } });
  });
});

const HEADERS: Readonly<Record<string, string[]>> = {
  201: ['Location'],
  304: ['ETag'],
  401: ['WWW-Authenticate'],
  415: ['Accept-Encoding'],
  429: ['Retry-After'],
  503: ['Retry-After'],
};

test('the introduction explains sign-in, retries, changes, pages, money and refusals', () => {
  for (const heading of ['Sign in', 'Retry', 'Change', 'Pages', 'Money', 'Refusals', 'Limits'])
    expect(document.info.description).toMatch(new RegExp(`^## ${heading}`, 'm'));
});
