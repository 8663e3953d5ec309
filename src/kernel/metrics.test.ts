import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { usd } from '../../test/people.ts';
import { type World, world } from '../../test/world.ts';
import { sql } from './database.ts';
import { openMetrics } from './metrics.ts';
import { systemScope } from './runtime.ts';

const guide = readFileSync(new URL('../../docs/observing.md', import.meta.url), 'utf8');

const read = async (w: World): Promise<string> => (await w.get('/metrics')).body as string;
const sampleOf = (text: string, series: string): number =>
  Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1),
  );

test('what the guide asks operators to watch is measured, and what is measured is in the guide', async () => {
  const w = await world();
  await w.step();
  const measured = [...(await read(w)).matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name!);
  const named = [...new Set([...guide.matchAll(/\b(?:souk|process|nodejs)_\w*[a-z]\b/g)].map(([name]) => name!))];
  const series = (name: string) => name.replace(/_(bucket|count|sum)$/, '');
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !measured.includes(series(name)))).toEqual([]);
  expect(measured.filter((name) => !/^(process|nodejs)_/.test(name) && !named.includes(name))).toEqual([]);
});

test('how long calls wait for a connection is measured, by pool', async () => {
  const w = await world({ env: { DATABASE_CONNECTIONS: '2' } });
  const count = async (pool: string, le: string) => sampleOf(await read(w), `souk_pool_wait_seconds_bucket{le="${le}",pool="${pool}"}`);
  const { db } = w.souk.runtime.context('identity', systemScope);
  await db.execute(sql`select 1`);
  const [before, all] = [await count('requests', '0.05'), await count('requests', '+Inf')];

  const holder = db.transaction((tx) => tx.execute(sql`select pg_sleep(0.2)`));
  await Promise.all([db.execute(sql`select 1`), db.transaction((tx) => tx.execute(sql`select 1`)), holder]);

  expect([await count('requests', '0.05'), await count('requests', '+Inf')]).toEqual([before + 1, all + 3]);
  await w.get('/v1/products?q=lamp');
  await w.step();
  expect(await count('lists', '+Inf')).toBeGreaterThan(0);
  expect(await count('background', '+Inf')).toBeGreaterThan(0);
});

test('orders, refusals by a limit and requests under way are counted', async () => {
  const w = await world({ env: { RATE_LIMITS: 'on' } });
  const lamp = await (await w.admin()).lists({ price: usd(20_00), stock: 1 });
  const bob = await w.buyer('bob', { balance: usd(100_00) });
  const order = { items: [{ productId: lamp, quantity: 1 }] };
  expect((await bob.post('/v1/orders', order)).status).toBe(201);
  expect((await bob.post('/v1/orders', order)).status).toBe(409);
  let refused = 0;
  for (let n = 0; n < 25; n++) {
    const reply = await w.post('/v1/auth/sign-in', { username: `nobody${n}`, password: 'wrong password' });
    if (reply.status === 429) refused++;
  }
  expect(refused).toBeGreaterThan(0);

  const text = await read(w);
  expect(sampleOf(text, 'souk_events_total{event="orders.order-placed.v1"}')).toBe(1);
  expect(sampleOf(text, 'souk_events_total{event="orders.order-rejected.v1"}')).toBe(1);
  expect(sampleOf(text, 'souk_http_rate_limited_total')).toBe(refused);
  expect(sampleOf(text, 'souk_http_requests_in_flight')).toBe(1); // this very request
  expect(text).toMatch(/souk_http_request_duration_seconds_count\{method="POST",route="\/v1\/orders",status="4xx"\} 1/);
});

test('what may happen begins at 0, so that its first time is an increase', async () => {
  const text = await read(await world());
  for (const series of [
    'souk_events_total{event="orders.order-rejected.v1"}',
    'souk_work_total{outcome="failed",queue="orders.give-back"}',
    'souk_timer_turns_total{outcome="failed",name="wallet.checkpoint"}',
    'souk_http_rate_limited_total',
  ])
    expect(sampleOf(text, series), series).toBe(0);
  const w = await world();
  await w.step();
  expect(sampleOf(await read(w), 'souk_copies_repaired_total{module="catalog",copy="documents"}')).toBe(0);
});

test('a figure that cannot be read holds up no other, and is not known', async () => {
  const { registry } = openMetrics([
    { name: 'souk_never', help: 'Never answered', read: () => new Promise(() => {}) },
    { name: 'souk_fails', help: 'Fails', read: () => Promise.reject(new Error('the database is away')) },
    { name: 'souk_fails_by_queue', help: 'Fails', label: 'queue', read: () => Promise.reject(new Error('the database is away')) },
    { name: 'souk_seven', help: 'Answered', read: () => 7 },
  ]);
  const began = performance.now();
  const text = await registry.metrics();
  expect(performance.now() - began).toBeLessThan(3500);
  expect(text).toMatch(/^souk_never nan$/im);
  expect(text).toMatch(/^souk_fails nan$/im);
  expect(text).not.toContain('souk_fails_by_queue{');
  expect(text).toContain('souk_seven 7\n');
});

test('the age of the last proof, and of what is stuck, is measured', async () => {
  const w = await world();
  const bob = await w.buyer('bob', { balance: usd(100_00) });
  const ages = async () => {
    const text = await read(w);
    return ['ledger_proof_age', 'charges_pending_oldest', 'payouts_pending_oldest', 'orders_placing_oldest'].map((name) =>
      Math.floor(sampleOf(text, `souk_${name}_seconds`)),
    );
  };
  const begun = (await ages())[0]!;
  w.clock.advance(3_600_000);
  expect((await ages())[0]).toBeGreaterThanOrEqual(begun + 3600); // never proven: since the first transfer
  expect(await w.ask('wallet', 'prove', {})).toMatchObject({ ok: true });
  await w.sql(
    `insert into orders.orders (id, buyer, placed_by, state, payment, currency, total, shares, lease_until, created_at)
     values (gen_random_uuid(), $1, $1, 'placing', 'wallet', 'USD', 100, '[]', $2, $2)`,
    [bob.id, w.clock.now()],
  );
  await w.sql(
    `insert into wallet.payouts (id, owner, currency, amount, state, at, lease_until)
     values (gen_random_uuid(), $1, 'USD', 100, 'waiting', $2, $3), (gen_random_uuid(), $1, 'USD', 100, 'pending', $3, $3)`,
    [bob.id, new Date(0), w.clock.now()],
  );
  w.clock.advance(60_000);
  expect(await ages()).toEqual([60, 0, 60, 60]);

  await w.sql("set session_replication_role = replica; update wallet.accounts set balance = balance + 1 where purpose = 'available'");
  expect(await w.ask('wallet', 'prove', {})).toMatchObject({ ok: false });
  expect((await ages())[0]).toBeGreaterThanOrEqual(60);
});

test('work that waits is told by queue, tokens that are remembered are hits, and a breaker that opens is seen', async () => {
  const w = await world({
    env: { MODULES: 'identity,media,inventory,catalog,orders', WALLET_SERVICE_URL: 'http://127.0.0.1:9', INTERNAL_SECRET: 'x'.repeat(32) },
  });
  const bob = await w.person('bob');
  for (let n = 0; n < 3; n++) await bob.get('/v1/orders');
  const text = await read(w);
  expect(sampleOf(text, 'souk_cache_reads_total{cache="tokens",result="miss"}')).toBe(1);
  expect(sampleOf(text, 'souk_cache_reads_total{cache="tokens",result="hit"}')).toBe(2);
  expect(text).not.toContain('souk_breaker_open{');
  expect(sampleOf(text, 'souk_part_up{part="queue"}')).toBe(1);

  const queue = [...text.matchAll(/souk_queue_waiting\{queue="([^"]+)"\} 0/g)].map(([, name]) => name!);
  expect(queue).toContain('catalog/inventory.levels-changed.v1');
  await Promise.all(Array.from({ length: 12 }, () => w.souk.runtime.ask('orders', 'wallet', 'prove', {}, systemScope).catch(() => {})));
  expect(sampleOf(await read(w), 'souk_breaker_open{module="wallet"}')).toBe(1);
});

test('the age of the outbox is that of its oldest row, and 0 where nothing waits', async () => {
  const w = await world();
  await w.step();
  const age = async () => sampleOf(await read(w), 'souk_outbox_oldest_seconds');
  expect(await age()).toBe(0);
  const sent = (name: string) =>
    w.sql("insert into kernel.outbox (id, kind, name, payload, created_at) values (gen_random_uuid(), 'event', $1, '{}', $2)", [
      name,
      w.clock.now(),
    ]);
  await sent('tests.first');
  w.clock.advance(40_000);
  await sent('tests.second');
  expect(Math.floor(await age())).toBe(40);
});
