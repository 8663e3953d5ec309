import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHttpServer } from '../apps/http-server.ts';
import { freePort } from '../infra/local/free-port.ts';
import type { Purchase } from './contract-tools/purchase.ts';
import { PASSWORD, type Person, people, type Reply, usd } from './people.ts';
import { type World, world } from './world.ts';

/** The OpenAPI document, judged by the tools that clients use: linters, a validating proxy, and generators of clients. */

const TOOLS = join(import.meta.dirname, 'contract-tools');
const DOCUMENT = join(TOOLS, 'generated/openapi.json');
const isAsked = process.env.CONTRACT_TOOLS === 'on' && existsSync(join(TOOLS, 'node_modules'));
if (!isAsked) console.log('Skipped: npm run test:contract installs the tools of test/contract-tools and runs them.');

const run = promisify(execFile);
const tool = (name: string, ...args: string[]) =>
  run(process.execPath, [join(TOOLS, 'node_modules/.bin', name), ...args], {
    cwd: TOOLS,
    env: { ...process.env, SOUK_DOCUMENT: DOCUMENT },
  }).catch((error: { stdout: string; stderr: string }) => {
    throw new Error(`${name} refuses the document:\n${error.stdout}\n${error.stderr}`);
  });

describe.skipIf(!isAsked)('the OpenAPI document', { timeout: 120_000 }, () => {
  let w: World;
  let server: Server;
  let baseUrl: string;
  let proxy: ChildProcess | undefined;

  beforeAll(async () => {
    w = await world();
    mkdirSync(join(TOOLS, 'generated'), { recursive: true });
    writeFileSync(DOCUMENT, JSON.stringify(w.souk.openapi(), null, 2));
    server = openHttpServer((request, env) => w.souk.fetch(request, env));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sue = await w.seller('sue');
    await sue.lists({ name: 'Red lamp', price: usd(20_00), variants: [{ options: { color: 'red' }, price: usd(20_00), stock: 9 }] });
    await w.buyer('bob', { balance: usd(500_00) });
  });

  afterAll(async () => {
    proxy?.kill();
    server?.closeAllConnections();
    server?.close();
  });

  test('is taken by Redocly', () => tool('redocly', 'lint', DOCUMENT, '--config', 'redocly.yaml', '--max-problems', '100'));

  test('is taken by Spectral, with the rules of test/contract-tools/spectral.yaml', () =>
    tool('spectral', 'lint', DOCUMENT, '-r', 'spectral.yaml', '--fail-severity', 'warn'));

  test('becomes clients by openapi-typescript, hey-api and orval that compile and buy something', async () => {
    await tool('openapi-typescript', DOCUMENT, '-o', 'generated/souk.d.ts');
    await tool('openapi-ts', '-i', DOCUMENT, '-o', 'generated/hey-api');
    await tool('orval', '--config', 'orval.config.mjs');
    const compiled = run(process.execPath, [join(import.meta.dirname, '../node_modules/typescript/bin/tsc'), '-p', TOOLS]);
    expect(await compiled.catch(({ stdout }: { stdout: string }) => ({ stdout }))).toMatchObject({ stdout: '' });
    for (const client of ['openapi-fetch', 'hey-api', 'orval']) {
      const { purchase } = (await import(join(TOOLS, `purchase-${client}.ts`))) as { purchase: Purchase };
      const bought = await purchase({ baseUrl, username: 'bob', password: PASSWORD, name: 'Red lamp' });
      expect(bought, client).toMatchObject({ state: 'placed', total: 20_00, refusedWith: 'wallet/insufficient-funds' });
      expect((await w.sql(`select state from orders.orders where id = $1`, [bought.id]))[0], client).toEqual({ state: 'placed' });
    }
  });

  test('declares each reply of a day, as Prism sees them pass', async () => {
    const port = await freePort();
    const command = [join(TOOLS, 'node_modules/.bin/prism'), 'proxy', DOCUMENT, baseUrl, '-h', '127.0.0.1', '-p', String(port)];
    proxy = spawn(process.execPath, command, { cwd: TOOLS, stdio: 'ignore' });
    const through = `http://127.0.0.1:${port}`;
    const isUp = () =>
      fetch(`${through}/v1/categories`).then(
        ({ ok }) => ok,
        () => false,
      );
    await expect.poll(isUp, { timeout: 60_000, interval: 200 }).toBe(true);

    const violations: string[] = [];
    const call = async (path: string, init?: RequestInit): Promise<Reply> => {
      const reply = await fetch(through + path, { redirect: 'manual', ...init });
      const text = await reply.text();
      const found = JSON.parse(reply.headers.get('sl-violations') ?? '[]') as { location: string[] }[];
      const ofReply = found.filter(({ location }) => location[0] === 'response');
      if (ofReply.length > 0) violations.push(`${init?.method ?? 'GET'} ${path} ${reply.status} ${JSON.stringify(ofReply)}`);
      const isJson = reply.headers.get('content-type')?.includes('json');
      return { status: reply.status, headers: reply.headers, body: text && isJson ? JSON.parse(text) : text };
    };
    const statuses = await day(people({ call, ask: w.ask }), call);

    expect(violations).toEqual([]);
    expect(statuses).toEqual([201, 200, 200, 200, 304, 412, 201, 201, 409, 404, 201, 409, 200, 200, 401, 422, 204, 401]);
  });
});

/** What two people do in a day, with their mistakes. */
async function day(there: ReturnType<typeof people>, call: (path: string, init?: RequestInit) => Promise<Reply>): Promise<number[]> {
  const ann: Person = await there.buyer('ann', { balance: usd(100_00) });
  const sam = await there.seller('sam');
  const made = await sam.post('/v1/products', { name: 'Blue lamp', category: 'electronics', price: usd(10_00), stock: 2 });
  const root = await there.admin();
  await sam.post(`/v1/products/${made.body.id}/submit`);
  const approved = await root.post(`/v1/products/${made.body.id}/approve`);
  const path = `/v1/products/${made.body.id}`;
  const etag = (await sam.get(path)).headers.get('etag')!;
  const key = { 'idempotency-key': 'one-lamp' };
  const order = { items: [{ productId: made.body.id, quantity: 1 }] };
  const replies = [
    made,
    approved,
    await ann.get('/v1/products?q=lamp&limit=1&option.color=red'),
    await ann.get('/v1/products?limit=1'),
    await ann.get(path, { 'if-none-match': etag }),
    await sam.patch(path, { description: 'Bright' }, { 'if-match': '"999"' }),
    await ann.post('/v1/orders', order, key),
    await ann.post('/v1/orders', order, key),
    await ann.post('/v1/orders', { items: [{ productId: made.body.id, quantity: 50 }] }),
    await ann.get('/v1/orders/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'),
    await ann.post(`${path}/reviews`, { rating: 5, comment: 'Bright' }),
    await ann.post(`${path}/reviews`, { rating: 5, comment: 'Bright' }),
    await ann.get(`${path}/reviews`),
    await root.get('/v1/ledger/proof'),
    await call('/v1/auth/me'),
    await call('/v1/auth/sign-in', { method: 'POST', body: '{"name":"ann"}', headers: { 'content-type': 'application/json' } }),
    await ann.post('/v1/auth/sign-out'),
    await ann.get('/v1/auth/me'),
  ];
  return replies.map(({ status }) => status);
}
