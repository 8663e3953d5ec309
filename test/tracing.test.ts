import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Work } from '../src/adapters/queue/port.ts';
import { openTelemetry } from '../src/adapters/tracing/open-telemetry.ts';
import { tracedWork } from '../src/kernel/traced-work.ts';
import { otlpReceiver, type ReceivedSpan } from './otlp-receiver.ts';
import { type Person, usd } from './people.ts';
import { arrives, openRoom, type Server, startServer } from './real-server.ts';
import { type World, world } from './world.ts';

const room = openRoom('traces');
const row = {
  id: '0193e1a2-7c3b-7d55-9f00-0c1d2e3f4a5b',
  kind: 'event',
  name: 'bell.rung.v1',
  subject: null,
  payload: {},
  created_at: new Date(),
} as const;
const REACTION = 'catalog/inventory.levels-changed.v1';

let w: World;
let receiver: Awaited<ReturnType<typeof otlpReceiver>>;
let sales: Server;
let stock: Server;
let bob: Person;
let lamp: string;

/** Two services on one database; what reacts to the stock that one of them sells lives in the other. */
beforeAll(async () => {
  w = await world();
  receiver = await otlpReceiver();
  const common = {
    DATABASE_URL: w.databaseUrl,
    INTERNAL_SECRET: 'a secret between the services of a test',
    PUBLIC_URL: 'http://localhost:3000',
    LOG_LEVEL: 'info',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-token=letmein',
  };
  stock = await startServer(room.path, { ...common, OTEL_SERVICE_NAME: 'stock', MODULES: 'wallet,inventory,identity,partners' });
  const urls = Object.fromEntries(['WALLET', 'INVENTORY', 'PARTNERS'].map((module) => [`${module}_SERVICE_URL`, stock.url]));
  sales = await startServer(room.path, { ...common, ...urls, OTEL_SERVICE_NAME: 'sales', MODULES: 'orders,catalog,media,identity' });
  lamp = await (await w.admin()).lists({ name: 'Lamp', price: usd(20_00), stock: 50 });
  bob = await arrives(stock.call, 'bob');
  expect((await bob.charge(usd(100_00))).status).toBe(201);
}, 60_000);

afterAll(async () => {
  for (const server of [sales, stock]) await server?.kill();
  room.clear();
});

const buys = (trace: string, quantity = 1) =>
  sales.call('/v1/orders', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${bob.token}`,
      'content-type': 'application/json',
      'idempotency-key': trace,
      traceparent: `00-${trace}-00f067aa0ba902b7-01`,
    },
    body: JSON.stringify({ items: [{ productId: lamp, quantity }] }),
  });

const spansOf = (trace: string): ReceivedSpan[] => receiver.spans.filter(({ traceId }) => traceId === trace);
const arrived = (trace: string, span: Partial<ReceivedSpan>) =>
  expect.poll(() => spansOf(trace), { timeout: 20_000, interval: 50 }).toContainEqual(expect.objectContaining(span));
const newTrace = () => randomBytes(16).toString('hex');

test('one purchase is one trace over both services, from the call to the reaction of the other service to what was sold', async () => {
  const trace = newTrace();
  const order = await buys(trace);
  expect(order.status).toBe(201);
  await arrived(trace, { service: 'sales', kind: 'consumer', name: `process ${REACTION}` });
  await arrived(trace, { service: 'sales', kind: 'server', name: 'POST /v1/orders' });

  const spans = spansOf(trace);
  const here = (service: string, kind: string, name: string) => expect.objectContaining({ service, kind, name });
  expect(spans).toEqual(
    expect.arrayContaining([
      here('sales', 'client', 'POST /internal/wallet/pay'),
      here('stock', 'server', 'POST /internal/wallet/pay'),
      here('sales', 'client', 'POST /internal/inventory/take'),
      here('stock', 'server', 'POST /internal/inventory/take'),
      here('stock', 'client', 'commit'),
      here('stock', 'client', 'with wallet.payments'),
      expect.objectContaining({ kind: 'producer', name: 'send inventory.levels-changed.v1' }),
    ]),
  );
  const names = new Map(spans.map((span) => [span.spanId, span]));
  const orphans = spans.filter(({ parentSpanId }) => !names.has(parentSpanId) && parentSpanId !== '00f067aa0ba902b7');
  expect(orphans).toEqual([]);
  const statements = spans.filter(({ attributes }) => attributes['db.system.name']);
  expect(statements.length).toBeGreaterThan(5);
  const reaction = spans.find(({ name }) => name === `process ${REACTION}`)!;
  expect(statements.some(({ parentSpanId }) => parentSpanId === reaction.spanId)).toBe(true);
  expect(receiver.headers()['x-token']).toBe('letmein');
});

test('a refused purchase is a trace too, with the job that returns what it took; a refusal is no error', async () => {
  const trace = newTrace();
  expect((await buys(trace, 49)).status).toBe(409);
  await arrived(trace, { kind: 'consumer', name: 'process orders.give-back' });
  await arrived(trace, { name: 'POST /v1/orders', attributes: expect.objectContaining({ 'http.response.status_code': 409 }) });
  expect(spansOf(trace).filter(({ isError }) => isError)).toEqual([]);
});

test('a trace holds patterns and statements, never ids, names or tokens', async () => {
  const trace = newTrace();
  const order = await buys(trace);
  await arrived(trace, { kind: 'consumer' });
  await arrived(trace, { name: 'POST /v1/orders', attributes: expect.objectContaining({ 'http.route': '/v1/orders' }) });
  const told = JSON.stringify(spansOf(trace).map(({ name, attributes }) => ({ name, attributes })));
  for (const secret of [order.body.id, lamp, bob.id, 'bob', bob.token, trace]) expect(told).not.toContain(secret);
});

test('the lines of the log name the trace, in both services, of the call and of what follows', async () => {
  const trace = newTrace();
  await buys(trace);
  const linesOf = (server: Server) =>
    server
      .stdout()
      .split('\n')
      .filter((line) => line.includes(`"trace_id":"${trace}"`))
      .map((line) => JSON.parse(line));
  await expect
    .poll(() => linesOf(sales), { timeout: 20_000 })
    .toContainEqual(expect.objectContaining({ queue: REACTION, msg: 'work done' }));
  expect(linesOf(sales)).toContainEqual(expect.objectContaining({ operation: 'postOrders', msg: 'call' }));
});

test('a batch of events of several traces is a trace of its own, and a mark in each of them that links to it', async () => {
  const tracing = openTelemetry({ endpoint: receiver.url, headers: {}, service: 'batch', share: 1 }, '1');
  const traces = [newTrace(), newTrace()];
  const rows = [...traces, traces[0]!].map((trace, n) => ({ ...row, seq: n, trace: `00-${trace}-00f067aa0ba902b7-01` }));
  const handed: Work[] = [];
  await tracedWork(tracing, 'batches', rows, async (own) => void handed.push(...own));
  await tracing.stop();

  const batch = receiver.spans.find(({ service, parentSpanId }) => service === 'batch' && parentSpanId === '')!;
  expect(new Set(batch.links)).toEqual(new Set(traces));
  for (const trace of traces)
    expect(spansOf(trace)).toContainEqual(expect.objectContaining({ name: 'process batches', links: [batch.traceId] }));
  expect(handed.map(({ trace }) => trace!.slice(3, 35))).toEqual([traces[0], traces[1], traces[0]]);
  expect(handed.map(({ trace }) => trace)).not.toContain(rows[0]!.trace);
});

test('a share of the traces that begin here is recorded, and a caller that records its trace has it recorded', async () => {
  const tracing = openTelemetry({ endpoint: receiver.url, headers: {}, service: 'sampled', share: 0 }, '1');
  const own = await tracing.span('own', { kind: 'server', parent: null }, async ({ trace }) => trace);
  await tracing.span('given', { kind: 'server', parent: `00-${newTrace()}-00f067aa0ba902b7-01` }, async () => {});
  await tracing.stop();
  expect(own).toMatch(/-00$/);
  expect(receiver.spans.filter(({ service }) => service === 'sampled').map(({ name }) => name)).toEqual(['given']);
});

test('a receiver that never answers holds up nothing, and a stop takes two seconds', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const tracing = openTelemetry({ endpoint: `http://127.0.0.1:${port}`, headers: {}, service: 'silent', share: 1 }, '1');
  for (let n = 0; n < 20_000; n++) await tracing.span('work', { kind: 'server', parent: null }, async () => {});
  const began = performance.now();
  await tracing.stop();
  expect(performance.now() - began).toBeLessThan(3000);
  silent.closeAllConnections();
  silent.close();
});

test.each([
  ['insert into orders.orders (id) values ($1)', 'insert orders.orders'],
  ['\n  with due as (insert into wallet.payments (id) values ($1)) select 1', 'with wallet.payments'],
  ['select 1', 'select'],
  ['update catalog.products set price = $1', 'update catalog.products'],
  ['commit', 'commit'],
])('the span of %s is called %s', async (text, name) => {
  const tracing = openTelemetry({ endpoint: receiver.url, headers: {}, service: name, share: 1 }, '1');
  await tracing.statement(text, async () => {}); // outside of a span there is nothing to belong to
  await tracing.span('call', { kind: 'server', parent: null }, () => tracing.statement(text, async () => {}));
  await tracing.stop();
  expect(
    receiver.spans
      .filter(({ service }) => service === name)
      .map((span) => span.name)
      .sort(),
  ).toEqual(['call', name].sort());
});

test('the SDKs of traces and of error reports are loaded only where a receiver is set', () => {
  expect(loadedWith({})).toEqual([]);
  const loaded = loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SENTRY_DSN: 'http://key@127.0.0.1:9/1' });
  for (const sdk of ['@opentelemetry/sdk-trace/', '@sentry/core/']) expect(loaded.join()).toContain(sdk);
});

/** Which files of the SDKs a process loads that opens its adapters with these settings: those that V8 counts. (prom-client loads the API of OpenTelemetry, which does nothing.) */
function loadedWith(env: Record<string, string>): string[] {
  const folder = join(room.path, `loaded-${newTrace()}`);
  const opening = `
    const { openAdapters } = await import('${join(import.meta.dirname, '../src/adapters/index.ts')}');
    const { testSettings } = await import('${join(import.meta.dirname, 'settings.ts')}');
    const adapters = openAdapters(testSettings(${JSON.stringify(env)}));
    await (await adapters.openTracing('1')).stop();
    await (await adapters.openErrors('1')).stop();
  `;
  execFileSync(process.execPath, ['--input-type=module', '-e', opening], {
    cwd: join(import.meta.dirname, '..'),
    env: { PATH: process.env.PATH, NODE_V8_COVERAGE: folder },
  });
  const loaded = readdirSync(folder).flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')).result as { url: string }[]);
  expect(loaded.length).toBeGreaterThan(50);
  return loaded.map(({ url }) => url).filter((url) => /node_modules\/@(opentelemetry\/(?!api\/)|sentry\/)/.test(url));
}
