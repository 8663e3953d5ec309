import { beforeAll, describe, expect, test } from 'vitest';
import { PASSWORD } from '../../test/people.ts';
import { type Reply, type World, world } from '../../test/world.ts';
import { limitsOf } from './limits.ts';
import { operationId, type Route } from './routes.ts';

/** Limits of addresses and principals, tried at every door, by callers who write what they like before the address that the proxy adds. */

const INTERNAL_SECRET = 'a secret between the services of a test';
let w: World;
let doors: Door[];
let callers = 0;

interface Door {
  name: string;
  method: string;
  path: string;
  route?: Route;
}

beforeAll(async () => {
  w = await world({ env: { RATE_LIMITS: 'on', TRUST_PROXY: 'on', INTERNAL_SECRET } });
  const routes = w.souk.routes.map(({ route }): Door => {
    const path = route.path.replaceAll(/\{(\w+)\}/g, '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01');
    return { name: operationId(route), method: route.method, path: path.startsWith('/.') ? path : `/v1${path}`, route };
  });
  const others = ['/', '/docs', '/openapi.json', '/favicon.ico', '/v1/nothing', '/dev/outbox', '/%00', '/v1/products/'];
  doors = [
    ...routes,
    ...routes.map(({ name, method, path }) => ({ name: `${name} without /v1`, method, path: path.replace(/^\/v1/, '') })),
    ...others.map((path) => ({ name: path, method: 'GET', path })),
    { name: 'HEAD', method: 'HEAD', path: '/v1/products' },
    { name: 'another method', method: 'PUT', path: '/v1/products' },
    { name: 'a call of another service', method: 'POST', path: '/internal/wallet/pay' },
  ];
});

const address = () => `198.18.${++callers >> 8}.${callers & 255}`;

/** A call from an address, behind whatever the caller has written, which is something else each time. */
const call = (door: Door, from: string, headers: Record<string, string> = {}): Promise<Reply> =>
  w.fetch(door.path, {
    method: door.method,
    body: ['GET', 'HEAD'].includes(door.method) ? undefined : '{}',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': `${address()}, 10.0.0.${callers & 255}, ${from}`, ...headers },
  });

const tooMany = ({ status, headers }: Reply) => status === 429 && Number(headers.get('retry-after')) > 0;

/** Which of these doors, called once, do not say that it is too often. */
const openFor = async (some: Door[], ask: (door: Door) => Promise<Reply>): Promise<string[]> => {
  const replies = await Promise.all(some.map(async (door) => ({ door, reply: await ask(door) })));
  return replies.filter(({ reply }) => !tooMany(reply)).map(({ door, reply }) => `${door.name} ${reply.status}`);
};

test('an address that has used its calls up is refused on every path, with every forged header, and others are not', async () => {
  const used = address();
  const products = { name: 'products', method: 'GET', path: '/v1/auth/me' };
  const forged = { authorization: 'Bearer forged.to.be.refused' };
  const first = await Promise.all(Array.from({ length: 1200 }, () => call(products, used, forged)));
  expect(new Set(first.map(({ status }) => status))).toEqual(new Set([401])); // refused tokens count too

  const bob = await w.person('bob');
  expect(doors.length).toBeGreaterThan(120);
  expect(await openFor(doors, (door) => call(door, used))).toEqual([]);
  expect(await openFor(doors, (door) => call(door, used, { authorization: `Bearer ${bob.token}` }))).toEqual([]);
  expect(await openFor(doors, (door) => call(door, used, { authorization: 'Internal forged' }))).toEqual([]);
  expect((await openFor(doors, (door) => call(door, address()))).length).toBe(doors.length);
});

test('health, metrics and files of the documents have limits of their own', async () => {
  for (const [path, points] of [
    ['/livez', 600],
    ['/docs/none.js', 120],
  ] as const) {
    const from = address();
    const door = { name: path, method: 'GET', path };
    const replies = await Promise.all(Array.from({ length: points + 1 }, () => call(door, from)));
    expect(replies.map(tooMany)).toEqual([...Array(points).fill(false), true]);
    expect(tooMany(await call(door, address()))).toBe(false);
  }
});

test('refused API keys are counted at every route, thirty from one address', async () => {
  const key = { 'x-api-key': 'a guess' };
  const routes = doors.filter(({ route }) => route);
  const open = await openFor(routes, async (door) => {
    const from = address();
    const tries = await Promise.all(Array.from({ length: 30 }, () => call(door, from, key)));
    if (door.route?.spec.limit === undefined) expect(tries.filter(tooMany), door.name).toEqual([]);
    return call(door, from, key);
  });
  expect(open).toEqual([]);
  const spread = address();
  for (const door of routes.slice(0, 30)) await call(door, spread, key);
  expect((await openFor(routes, (door) => call(door, spread, key))).length).toBe(0); // one limit for all of them
});

describe('a narrow limit', () => {
  test('is that of every route which names it, before anything of the body is looked at', async () => {
    const limits = limitsOf(w.souk.runtime.modules);
    const narrow = doors.filter(({ route }) => typeof route?.spec.limit === 'string');
    expect(narrow.length).toBeGreaterThan(10);
    for (const [index, door] of narrow.entries()) {
      const from = address();
      const caller = await w.person(`caller${index}`); // with all the calls of an account left
      const headers = { authorization: `Bearer ${caller.token}` };
      const { points } = limits[door.route!.spec.limit as string]!;
      const replies: Reply[] = [];
      for (let n = 0; n <= points; n++) replies.push(await call(door, from, headers));
      expect(replies.slice(0, -1).filter(tooMany), door.name).toEqual([]);
      expect(tooMany(replies.at(-1)!), door.name).toBe(true);
      expect(tooMany(await call(door, address(), headers)), door.name).toBe(false);
    }
  });

  test('that hangs on the body counts a body that cannot be read as the tightest', async () => {
    const token = { name: 'token', method: 'POST', path: '/v1/auth/token' };
    const [from, other] = [address(), address()];
    const unread = () =>
      w.fetch(token.path, { method: 'POST', body: '{', headers: { 'content-type': 'application/json', 'x-forwarded-for': from } });
    for (let n = 0; n < 20; n++) expect((await unread()).status).toBe(400);
    expect(tooMany(await unread())).toBe(true);
    expect(tooMany(await call(token, from))).toBe(true);
    expect(tooMany(await call(token, other))).toBe(false);
  });
});

test('a signed-in caller is counted from all addresses together, and so is an API key', async () => {
  const bob = await w.person('bob');
  const root = await w.person('root', ['admin']);
  const made = await root.post('/v1/api-keys', { name: 'Auditors', scopes: ['audit:read'] });
  for (const [headers, path] of [
    [{ authorization: `Bearer ${bob.token}` }, '/v1/auth/sessions'],
    [{ 'x-api-key': made.body.key }, '/v1/audit?limit=1'],
  ] as [Record<string, string>, string][]) {
    const door = { name: path, method: 'GET', path };
    const replies: Reply[] = [];
    for (let n = 0; n < 700 && !replies.some(tooMany); n += 50)
      replies.push(...(await Promise.all(Array.from({ length: 50 }, () => call(door, address(), headers)))));
    expect(replies.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(600);
    const protectedDoors = doors.filter(({ route }) => route && route.spec.access.kind !== 'anyone' && route.spec.limit === undefined);
    expect(await openFor(protectedDoors, (each) => call(each, address(), headers))).toEqual([]);
  }
  const signIn = await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD }, { 'x-forwarded-for': address() });
  expect(signIn.status).toBe(200);
});
