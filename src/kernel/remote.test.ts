import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { openHttpServer } from '../../apps/http-server.ts';
import { freePort } from '../../infra/local/free-port.ts';
import { type World, world } from '../../test/world.ts';
import { noTracing } from '../adapters/tracing/none.ts';
import { modules } from '../modules/index.ts';
import { writeKey } from '../modules/partners/key-text.ts';
import { type Context, keyActor } from './context.ts';
import { contract } from './contracts.ts';
import { newId } from './ids.ts';
import { module } from './module.ts';
import { readInternalToken, remoteAsker } from './remote.ts';
import { type AskRemote, systemScope } from './runtime.ts';

/** `near` asks a Souk for an operation of `middle`, which asks `far`: a service whose replies the test chooses. */
const SECRET = 'a secret between the services of a test';
const nothing = { input: z.object({}), output: z.object({}), problems: [] };
const far = contract('far', { operations: { answer: nothing } });
const middle = contract('middle', { operations: { pass: nothing } });
type Middle = Context<{ far: typeof far }>;

const farModule = module({ contract: far, needs: {}, routes: [], operations: { answer: async () => ({}) } });
const middleModule = module<typeof middle, Middle>({
  contract: middle,
  needs: { far },
  routes: [],
  operations: { pass: (ctx) => ctx.far.answer({}) },
  life: { forget: async (ctx: Middle) => void (await ctx.far.answer({})) },
});

let w: World;
let farServer: Server;
let middleServer: Server;
let near: AskRemote;
let heard: IncomingHttpHeaders[] = [];
let delayMs = 0;

beforeAll(async () => {
  farServer = createServer((incoming, outgoing) => {
    heard.push(incoming.headers);
    setTimeout(() => outgoing.setHeader('content-type', 'application/json').end('{"output":{}}'), delayMs);
  });
  const farUrl = await listening(farServer);
  w = await world({
    modules: [...modules, farModule, middleModule],
    env: {
      MODULES: [...modules.map(({ name }) => name), 'middle'].join(','),
      FAR_SERVICE_URL: `http://127.0.0.1:${await freePort()}, ${farUrl}`,
      INTERNAL_SECRET: SECRET,
    },
  });
  middleServer = openHttpServer((request, env) => w.souk.fetch(request, env));
  near = remoteAsker({ middle: await listening(middleServer) }, SECRET, noTracing, { breaker() {} });
});
beforeEach(() => {
  heard = [];
  delayMs = 0;
});
afterAll(() => {
  for (const server of [farServer, middleServer]) {
    server.closeAllConnections();
    server.close();
  }
});

async function listening(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const asks = (operation: string, input: object, waitsMs?: number) =>
  near('near', 'middle', operation, input, {
    ...systemScope,
    ...(waitsMs === undefined ? {} : { deadline: performance.now() + waitsMs }),
  });
const waited = () => heard.map((headers) => Number(headers['souk-deadline']));

test('each hop has less time than the one before', async () => {
  expect(await asks('pass', {}, 1000)).toEqual({});
  expect(waited()).toHaveLength(1);
  expect(waited()[0]).toBeGreaterThan(0);
  expect(waited()[0]).toBeLessThanOrEqual(960);
});

test('nobody waits longer than the first caller, however slow the last service is', async () => {
  delayMs = 1500;
  const began = performance.now();
  await expect(asks('pass', {}, 400)).rejects.toMatchObject({ status: 503, code: 'unavailable' });
  expect(performance.now() - began).toBeLessThan(1000);
});

test('for whom it is asked goes with it from hop to hop: a partner, too', async () => {
  const actor = keyActor(newId(), 'carthage couriers', ['orders:ship']);
  await near('near', 'middle', 'pass', {}, { ...systemScope, actor });
  const token = heard[0]!.authorization!.split(' ')[1]!;
  const asked = { module: 'far', operation: 'answer' };
  expect((await readInternalToken(`Internal ${token}`, SECRET, asked))?.actor).toEqual(actor);
});

test('a caller whose time is over asks nobody', async () => {
  await expect(asks('pass', {}, -1)).rejects.toMatchObject({ status: 503, code: 'unavailable' });
  expect(heard).toEqual([]);
});

test('of several addresses the next one is asked where one does not answer', async () => {
  for (let times = 0; times < 4; times++) expect(await asks('pass', {})).toEqual({});
  expect(heard).toHaveLength(4);
});

test('nothing is asked of another service inside an open transaction', async () => {
  const ctx = w.souk.runtime.context('middle', systemScope) as Middle;
  await expect(ctx.db.transaction(() => ctx.far.answer({}))).rejects.toThrow(
    'middle asks far.answer of another service inside an open transaction',
  );
  expect(await ctx.far.answer({})).toEqual({});
  expect(heard).toHaveLength(1);
});

test('who closes an account asks every service, and none of them asks another one about it', async () => {
  await expect(asks('life.forget', { accountId: newId() })).rejects.toMatchObject({ status: 500 });
  expect(heard).toEqual([]);
});

test('a key that nobody can check now is not taken for none, not even on a public page', async () => {
  const elsewhere = await world({
    env: {
      MODULES: modules.flatMap(({ name }) => (name === 'partners' ? [] : [name])).join(','),
      PARTNERS_SERVICE_URL: `http://127.0.0.1:${await freePort()}`,
      INTERNAL_SECRET: SECRET,
    },
  });
  const key = writeKey({ id: newId(), secret: 'ab'.repeat(32) });
  expect((await elsewhere.get('/v1/products')).status).toBe(200);
  expect(await elsewhere.get('/v1/products', { 'x-api-key': key })).toBeProblem(503, 'unavailable');
});
