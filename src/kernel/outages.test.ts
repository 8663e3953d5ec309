import { existsSync } from 'node:fs';
import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { usd } from '../../test/people.ts';
import { workshop } from '../../test/workshop.ts';
import { type World, world } from '../../test/world.ts';
import { modules } from '../modules/index.ts';
import { type DatabasePool, openPool, raw } from './database.ts';
import { unavailable } from './problems.ts';
import { anyone, get } from './routes.ts';
import { problemOf } from './thrown.ts';

/** What PostgreSQL says when it cannot serve, provoked for real: an outage, which the caller may wait for, and no fault of ours. */

let w: World;
let pool: DatabasePool;
const role = `souk_outage_${process.pid}`;

const poolAt = (change: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'port'>> = {}): DatabasePool =>
  openPool({ url: Object.assign(new URL(w.databaseUrl), change).href, connections: 2, prepared: false });

beforeAll(async () => {
  w = await world();
  pool = poolAt();
  await w.sql(`create role ${role} login password 'secret' connection limit 0`);
});

afterAll(async () => {
  await pool.end();
  await w.sql(`drop role ${role}`);
});

const spills = `
  set local temp_file_limit = 0; set local work_mem = '64kB';
  select max(g) from (select g from generate_series(1, 100000) g order by g desc offset 1) s`;

test.each<[string, string, string]>([
  ['the disk is full', "copy (select repeat('x', 100000)) to '/dev/full'", '53100'],
  ['there is no room for temporary files', spills, '53400'],
  ['a file cannot be read', "select pg_read_file('/nowhere')", '58P01'],
  ['it is read-only', 'set transaction read only; create table public.lamps ()', '25006'],
  ['it ends our connection', 'select pg_terminate_backend(pg_backend_pid())', '57P01'],
])('%s: unavailable', async (_, statements, code) => {
  if (statements.includes('/dev/full') && !existsSync('/dev/full')) return console.info('Not run: this system has no /dev/full to fill.');
  const asked = pool.handle('kernel').transaction(async (tx) => {
    for (const statement of statements.split(';')) await tx.execute(raw(statement) as never);
  });

  const error = await asked.catch((reason) => reason);
  expect(unavailable.is(error)).toBe(true);
  expect(error).toMatchObject({ status: 503, extra: { retryAfterSeconds: 1 }, cause: { code } });
  expect(await pool.handle('kernel').one(raw('select 1 as one') as never)).toEqual({ one: 1 });
});

test.each<[string, () => Parameters<typeof poolAt>[0], string]>([
  ['it has too many connections', () => ({ username: role, password: 'secret' }), '53300'],
  ['it refuses our password', () => ({ username: role, password: 'other' }), '28P01'],
  ['the database is gone', () => ({ pathname: '/nowhere' }), '3D000'],
  ['nothing listens', () => ({ port: '1' }), 'ECONNREFUSED'],
])('%s: unavailable', async (_, change, code) => {
  const apart = poolAt(change());

  expect(
    await apart
      .handle('kernel')
      .transaction(async () => {})
      .catch((reason) => reason),
  ).toMatchObject({ status: 503, cause: { code } });
  expect(
    await apart
      .handle('kernel')
      .many(raw('select 1') as never)
      .catch((reason) => reason),
  ).toMatchObject({ status: 503, cause: { code } });
  await apart.end();
});

test('while the database is read-only writes are answered 503 with Retry-After, and afterwards the same key takes effect once', async () => {
  const bob = await w.buyer('bob', { balance: usd(10_00) });
  const charge = () =>
    bob.post(
      '/v1/customers/bob/wallet/charge',
      { ...usd(5_00), gateway: 'simulated', source: '4242424242424242' },
      { 'idempotency-key': 'once' },
    );
  const becomes = async (value: 'on' | 'off') => {
    await w.sql(`alter database ${new URL(w.databaseUrl).pathname.slice(1)} set default_transaction_read_only = ${value}`);
    await w.sql('select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()');
  };
  await becomes('on');

  const refused = [
    await charge(),
    await bob.post('/v1/products', { name: 'Lamp', category: 'electronics', price: usd(1_00), stock: 1 }),
    await w.post('/v1/auth/sign-in', { username: 'bob', password: 'correct horse battery' }),
  ];
  const read = await w.get('/v1/products');
  await w.sql('set default_transaction_read_only = off');
  await becomes('off');

  for (const reply of refused) {
    expect(reply).toBeProblem(503, 'unavailable');
    expect(reply.headers.get('retry-after')).toBe('1');
  }
  expect(read.status).toBe(200);
  await expect.poll(async () => (await charge()).status).toBe(201);
  expect((await charge()).status).toBe(201);
  expect(await bob.balance()).toEqual(usd(15_00));
});

test('without its database every call is answered 503 with Retry-After, or refused as always, and none is an error of ours', async () => {
  const gone = await world();
  const bob = await gone.person('bob');
  const { paths } = gone.souk.openapi() as {
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, Content> } }>>;
  };
  await w.sql(`drop database ${new URL(gone.databaseUrl).pathname.slice(1)} with (force)`);

  const seen = new Map<number, number>();
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const body = exampleOf(requestBody?.content['application/json']);
      const reply = await gone.fetch(path.replace('{username}', 'bob').replaceAll(/\{\w+\}/g, '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'), {
        method: method.toUpperCase(),
        headers: { authorization: `Bearer ${bob.token}`, 'idempotency-key': 'once', 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      expect(reply.status === 503 || reply.status < 500, `${method} ${path} ${reply.status}`).toBe(true);
      if (reply.status === 503) expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
      seen.set(reply.status, (seen.get(reply.status) ?? 0) + 1);
    }
  expect(seen.get(503)).toBeGreaterThan(50);
});

interface Content {
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}

const exampleOf = (content: Content | undefined): unknown => content?.example ?? Object.values(content?.examples ?? {})[0]?.value;

test('what met a lock or a deadlock is told to come back: with a key it may be under way still', () => {
  for (const code of ['55P03', '57014', '40001', '40P01']) {
    const asked = (headers: Record<string, string>) => problemOf({ code }, new Request('http://souk.test/v1/orders', { headers }));
    expect(asked({})).toMatchObject({ status: 503, code: 'unavailable' });
    expect(asked({ 'idempotency-key': 'k' })).toMatchObject({ status: 409, code: 'still-running' });
  }
});

test('a refusal by load is logged as a warning, and what does not answer as an error with its stack', async () => {
  const lines: { level: number; msg: string; code?: string; detail?: string; err?: { stack: string } }[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const errors = { full: unavailable({ retryAfterSeconds: 5, reason: 'Too many.' }), away: unavailable({ retryAfterSeconds: 1 }) };
  errors.away.cause = new Error('connection refused');
  const bell = get('/bells/{how}', {
    summary: 'Ring a bell',
    access: anyone,
    returns: z.object({}),
    problems: [],
    handle: async (_, { params }) => {
      throw errors[params.how as keyof typeof errors];
    },
  });
  const busy = await world({ modules: [...modules, workshop({ routes: [bell] })], log });
  for (const how of Object.keys(errors)) expect(await busy.get(`/v1/bells/${how}`)).toBeProblem(503, 'unavailable');
  expect(lines).toMatchObject([
    { level: 40, msg: 'a call was refused for now', code: 'unavailable', detail: 'Too many.' },
    { level: 50, msg: 'a call failed', err: { stack: expect.stringContaining('connection refused') } },
  ]);
  expect(lines[0]).not.toHaveProperty('err');
});
