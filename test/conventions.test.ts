import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { refuseForeignSchemas } from '#kernel/fitting.ts';
import { operationId, scopesOf } from '#kernel/routes.ts';
import { settingsPage } from '../src/kernel/settings-page.ts';
import { statesPage } from '../src/kernel/states-page.ts';
import { modules } from '../src/modules/index.ts';
import { settingsParts } from '../src/souk.ts';
import {
  foreignSignals,
  importCircles,
  namesInKernel,
  oddParameters,
  ROOT,
  rawTime,
  sources,
  tooLong,
  typesLeftOut,
  vagueNames,
  wrongContractImports,
  wrongImports,
  wrongMap,
} from './conventions.ts';
import { type OwnedObject, objectsOfAnother } from './owned-objects.ts';
import type { PartnerSystem } from './people.ts';
import { type Person, type World, world } from './world.ts';

const order = modules.map(({ name }) => name);
const files = sources('src', 'apps', 'test', 'bench');

describe('the source', () => {
  test('was found', () => {
    expect(files.length).toBeGreaterThan(80);
    expect(files.filter(({ path }) => path.startsWith('src/modules/')).length).toBeGreaterThan(40);
  });

  test('asks downward only, and by contract', () => {
    expect(wrongImports(files, order)).toEqual([]);
    expect(wrongContractImports(files)).toEqual([]);
  });

  test.each([
    ['src/modules/wallet/pay.ts', "import { orders } from '#orders';"],
    ['src/modules/wallet/pay.ts', "import { x } from '../orders/order.ts';"],
    ['src/modules/wallet/pay.ts', "import { x } from '#adapters/payments/simulated.ts';"],
    ['src/dialects/platform/order.ts', "import { x } from '../../modules/orders/order.ts';"],
    ['src/kernel/http.ts', "import { wallet } from '#wallet';"],
    ['src/adapters/email/captured.ts', "import { x } from '../../modules/identity/account.ts';"],
  ])('an import against the order is noticed: %s %s', (path, text) => {
    expect(wrongImports([{ path, text }], order)).toHaveLength(1);
  });

  test('a contract that reaches into its module is noticed', () => {
    const text = "import { x } from './pay.ts'; import { y } from './contract-money.ts';";
    for (const file of ['contract', 'contract-money'])
      expect(wrongContractImports([{ path: `src/modules/wallet/${file}.ts`, text }])).toHaveLength(1);
  });

  test('loads without circles: code that asks for a job does not import the code that does it', () => {
    expect(importCircles(files)).toEqual([]);
    const circle = [
      { path: 'src/modules/orders/jobs.ts', text: "import { compensateOrder } from './compensate-order.ts';" },
      { path: 'src/modules/orders/compensate-order.ts', text: "import { compensateOrderJob } from './jobs.ts';" },
    ];
    expect(importCircles(circle)).toEqual([
      'src/modules/orders/jobs.ts > src/modules/orders/compensate-order.ts > src/modules/orders/jobs.ts',
    ]);
  });

  test('holds one idea per file', () => {
    expect(tooLong(files)).toEqual([]);
    expect(tooLong([{ path: 'src/long.ts', text: '\n'.repeat(301) }])).toHaveLength(1);
  });

  test('has names that say what is in them', () => {
    expect(vagueNames(files)).toEqual([]);
    expect(vagueNames([{ path: 'src/modules/wallet/utils.ts', text: '' }])).toHaveLength(1);
  });

  test('takes time from the clock', () => {
    expect(rawTime(files).filter((path) => path !== 'src/modules/orders/place-order.ts')).toEqual([]);
    expect(rawTime([{ path: 'src/modules/wallet/pay.ts', text: 'const at = new Date();' }])).toHaveLength(1);
  });

  test('sends signals through their port only', () => {
    expect(foreignSignals(files)).toEqual([]);
    expect(foreignSignals([{ path: 'src/modules/wallet/pay.ts', text: "select pg_notify('paid', '')" }])).toEqual([
      'src/modules/wallet/pay.ts',
    ]);
  });

  test('explains every module', () => {
    for (const name of order) expect(existsSync(join(ROOT, `src/modules/${name}/README.md`)), name).toBe(true);
  });

  test('is mapped as it is, where a README maps the files of a module', () => {
    const readmeOf = (name: string) => readFileSync(join(ROOT, `src/modules/${name}/README.md`), 'utf8');
    const wrong = order.flatMap((name) => wrongMap(readmeOf(name), readdirSync(join(ROOT, `src/modules/${name}`))));
    expect(wrong).toEqual([]);
    expect(wrongMap(readmeOf('identity'), ['sign-in.ts', 'new.ts', 'new.test.ts'])).toEqual(
      expect.arrayContaining(['new.ts', 'sign-up.ts']),
    );
  });

  test('names no vendor in the kernel, and nothing that is one module’s affair', () => {
    expect(namesInKernel(files)).toEqual([]);
    expect(namesInKernel([{ path: 'src/kernel/work.ts', text: 'of pg-boss' }])).toEqual(['src/kernel/work.ts names pg-boss']);
  });

  test('brings the types of the packages that it imports, so that a module by others compiles with it', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(typesLeftOut(files, Object.keys(devDependencies))).toEqual([]);
    expect(typesLeftOut(files, ['@types/pg', '@types/mjml'])).toEqual(['@types/pg']);
  });
});

describe('the database handle of a module', () => {
  const guard = refuseForeignSchemas(modules, () => 'queues');

  test("refuses SQL that names another's schema", () => {
    expect(() => guard('orders', 'select 1 from wallet.accounts')).toThrow(/wallet/);
    expect(() => guard('orders', 'select 1 from kernel.outbox')).toThrow(/kernel/);
    expect(() => guard('orders', 'select 1 from queues.job')).toThrow(/queues/);
    expect(() => guard('orders', 'select 1 from orders.orders')).not.toThrow();
  });

  test('is guarded in a running Souk', async () => {
    const w = await world();
    const ctx = w.souk.runtime.context('orders', { actor: { kind: 'system' } as never, request: null, tx: null });
    const { sql } = await import('#kernel/database.ts');
    await expect(ctx.db.many(sql`select 1 from wallet.accounts`)).rejects.toThrow(/schema wallet/);
    await expect(ctx.db.many(sql`select 1 from pgboss.job`)).rejects.toThrow(/schema pgboss/);
  });
});

describe('every route', () => {
  let w: World;
  let mallory: Person;
  let courier: PartnerSystem;
  let hers: Awaited<ReturnType<typeof objectsOfAnother>>;

  beforeAll(async () => {
    w = await world();
    mallory = await w.person('mallory');
    courier = await w.partner('Carthage Couriers', ['orders:deliver']);
    hers = await objectsOfAnother(w);
  });

  const bodyOf = (method: string) => (method === 'GET' ? undefined : '{}');
  const fill = (path: string, params: Record<string, string> = {}) =>
    `/v1${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01')}`;

  test('names a person in its path in one way, by username under /customers and by id under /users', () => {
    const paths = w.souk.routes.map(({ route }) => route.path);
    expect(paths.filter((path) => /^\/(customers|users)\/\{/.test(path)).length).toBeGreaterThan(8);
    expect(oddParameters(paths)).toEqual([]);
    expect(oddParameters(['/users/{id}/roles', '/customers/{userId}', '/orders/{username}', '/a/{id}/b/{id}', '/a/{id}'])).toHaveLength(4);
  });

  test('that is protected answers 401 to anonymous callers', async () => {
    const routes = w.souk.routes.filter(({ route }) => route.spec.access.kind !== 'anyone');
    expect(routes.length).toBeGreaterThan(15);
    for (const { route } of routes) {
      const reply = await w.fetch(fill(route.path), {
        method: route.method,
        body: bodyOf(route.method),
        headers: { 'content-type': 'application/json' },
      });
      expect(reply, operationId(route)).toBeProblem(401, 'unauthenticated');
      const forged = await w.fetch(fill(route.path), {
        method: route.method,
        body: bodyOf(route.method),
        headers: { authorization: `Bearer ${mallory.token}x`, 'content-type': 'application/json' },
      });
      expect(forged, operationId(route)).toBeProblem(401, 'unauthenticated');
      const tampered = await w.fetch(fill(route.path), {
        method: route.method,
        body: bodyOf(route.method),
        headers: { 'x-api-key': `${courier.key}x`, 'content-type': 'application/json' },
      });
      expect(tampered, operationId(route)).toBeProblem(401, 'unauthenticated');
    }
  });

  test('that is protected answers 403 to an API key whose scopes do not name it', async () => {
    const routes = w.souk.routes.filter(
      ({ route }) => route.spec.access.kind !== 'anyone' && !scopesOf(route.spec).includes('orders:deliver'),
    );
    for (const { route } of routes) {
      const reply = await w.fetch(fill(route.path, { username: 'mallory' }), {
        method: route.method,
        body: bodyOf(route.method),
        headers: { 'x-api-key': courier.key, 'content-type': 'application/json' },
      });
      expect(reply, operationId(route)).toBeProblem(403, scopesOf(route.spec).length > 0 ? 'forbidden' : 'account-needed');
    }
  });

  test('that needs a permission answers 403 to those without', async () => {
    const routes = w.souk.routes.filter(({ route }) => route.spec.access.kind === 'permission');
    expect(routes.length).toBeGreaterThan(4);
    for (const { route } of routes) {
      const reply = await w.fetch(fill(route.path), {
        method: route.method,
        body: bodyOf(route.method),
        headers: { authorization: `Bearer ${mallory.token}`, 'content-type': 'application/json' },
      });
      expect(reply, operationId(route)).toBeProblem(403, 'forbidden');
    }
  });

  test('that belongs to somebody answers 404 to others, and looks no different from what is not there', async () => {
    const routes = w.souk.routes.filter(({ route }) => ['owned', 'own-account'].includes(route.spec.access.kind));
    expect(routes.length).toBeGreaterThan(8);
    for (const { route } of routes) {
      const { access } = route.spec;
      const object: OwnedObject | undefined = access.kind === 'owned' ? hers.objects[access.what] : { params: { username: hers.username } };
      if (!object)
        throw new Error(
          `test/owned-objects.ts makes no ${access.kind === 'owned' ? access.what : ''} that ${operationId(route)} could be tried on`,
        );
      const body = object.bodies?.[operationId(route)] ?? exampleBody(w, route.method, route.path);
      const headers = { 'idempotency-key': `probe-${operationId(route)}` };
      const call = (path: string) =>
        w.fetch(path, {
          method: route.method,
          body: body === undefined ? undefined : JSON.stringify(body),
          headers: { authorization: `Bearer ${mallory.token}`, 'content-type': 'application/json', ...headers },
        });
      const theirs = await call(fill(route.path, object.params));
      expect([403, 404], `${operationId(route)} answered ${theirs.status} ${JSON.stringify(theirs.body)}`).toContain(theirs.status);
    }
  });
});

/** The example of the OpenAPI document: a body that is well-formed. */
function exampleBody(w: World, method: string, path: string): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined;
  const document = w.souk.openapi() as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { example: unknown }> } }>>;
  };
  return document.paths[`/v1${path}`]?.[method.toLowerCase()]?.requestBody?.content['application/json']?.example ?? {};
}

test('docs/openapi.json matches the routes; `npm run openapi` writes it', async () => {
  const w = await world();
  expect(JSON.parse(readFileSync(join(ROOT, 'docs/openapi.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(w.souk.openapi())));
});

test('docs/settings.md is what the settings say; `npm run settings` writes it again', () => {
  expect(readFileSync(join(ROOT, 'docs/settings.md'), 'utf8')).toBe(settingsPage(settingsParts()));
});

test('docs/states.md is what the machines say; `npm run states` writes it again', () => {
  expect(readFileSync(join(ROOT, 'docs/states.md'), 'utf8')).toBe(statesPage(modules));
});

test('every example, of a body or a reply, is one that its schema takes', async () => {
  const w = await world();
  interface Media {
    content?: Record<string, { example: unknown }>;
  }
  const document = w.souk.openapi() as {
    paths: Record<string, Record<string, { requestBody?: Media; responses: Record<string, Media> }>>;
  };
  let seen = 0;
  for (const { route } of w.souk.routes) {
    const { body, returns, status } = route.spec;
    const operation = document.paths[route.path.startsWith('/.') ? route.path : `/v1${route.path}`]?.[route.method.toLowerCase()];
    const exampleOf = (media: Media | undefined) => Object.values(media?.content ?? {})[0]?.example;
    for (const [what, schema, example] of [
      ['body', body, exampleOf(operation?.requestBody)],
      ['reply', returns, exampleOf(operation?.responses[status ?? 200])],
    ] as const) {
      if (!schema) continue;
      seen++;
      expect(schema.safeParse(example).error?.message, `the example of the ${what} of ${operationId(route)}`).toBeUndefined();
    }
  }
  expect(seen).toBeGreaterThan(80);
});

test('every operation has an id of its own, a summary, problems and examples', async () => {
  const w = await world();
  const document = w.souk.openapi() as {
    paths: Record<string, Record<string, { operationId: string; summary: string; responses: object }>>;
  };
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  expect(new Set(operations.map(({ operationId: id }) => id)).size).toBe(operations.length);
  for (const operation of operations) {
    expect(operation.summary.length, operation.operationId).toBeGreaterThan(5);
    expect(
      Object.keys(operation.responses).some((status) => status.startsWith('5')),
      operation.operationId,
    ).toBe(true);
  }
});
