import { beforeAll, describe, expect, test } from 'vitest';
import { productTopic } from '#catalog';
import { type Person, usd } from '../../test/people.ts';
import { type World, world } from '../../test/world.ts';
import { CHANGED_CHANNEL, changed } from './events.ts';
import { type anyone, get, signedIn } from './routes.ts';
import { systemScope } from './runtime.ts';

let w: World;
let root: Person;
let sue: Person;
let lamp: string;

beforeAll(async () => {
  w = await world({ env: { CORS_ORIGINS: 'https://shop.example.com' } });
  [root, sue] = [await w.admin(), await w.seller('sue')];
  lamp = await sue.lists({ name: 'Lamp', price: usd(10_00), stock: 100 });
});

const price = async (from: Pick<World, 'get'>, path = `/v1/products/${lamp}`): Promise<number> =>
  ((body) => (body.items ? body.items[0] : body).price.amount)((await from.get(path)).body);
const statementsOf = async (path: string, of = w): Promise<number> => (await of.statements(() => of.get(path))).length;
/** The signal of a change before may come a little later, and drops what is there. */
const isReady = (path: string) => expect.poll(() => statementsOf(path), { interval: 5 }).toBe(0);
/** How often a ready reply was there, and how often not. */
const reads = async (): Promise<number[]> => {
  const { body: metrics } = await w.get('/metrics');
  return ['hit', 'miss'].map((result) =>
    Number(new RegExp(`^souk_cache_reads_total\\{cache="ready replies",result="${result}"\\} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0),
  );
};

describe('a public page', () => {
  test('that was just asked for costs no statement, however its address is written', async () => {
    for (const [path, again] of [
      ['/v1/products?category=electronics&limit=5', '/products?limit=5&category=electronics'],
      [`/v1/products/${lamp}`, `/v1/products/${lamp.toUpperCase()}`],
      [`/v1/products/${lamp}/reviews`, `/products/${lamp}/reviews?limit=20&sort=newest`],
      ['/v1/categories', '/categories'],
      ['/v1/sales/goods', '/sales/goods?limit=20'],
    ] as const) {
      w.souk.dropReady();
      const first = await w.get(path);
      await isReady(path);
      const second = await w.get(again);
      expect(await statementsOf(again), again).toBe(0);
      expect([second.status, second.body, second.headers.get('etag')], path).toEqual([200, first.body, first.headers.get('etag')]);
    }
  });

  test('is dropped by a commit that does nothing else but say so', async () => {
    const path = `/v1/products/${lamp}`;
    await isReady(path);
    const { db } = w.souk.runtime.context('catalog', systemScope);
    await db.transaction(async (tx) => changed(tx, [productTopic(lamp)], 'here'));
    expect(await statementsOf(path)).toBeGreaterThan(0);
  });

  test('is dropped in other processes at once if the change says so, else they know after a second', async () => {
    const { db } = w.souk.runtime.context('catalog', systemScope);
    const told = (reach: 'here' | 'everywhere') =>
      db.transaction(async (tx) => {
        changed(tx, [productTopic(lamp)], reach);
        return [...tx.signals];
      });
    expect(await told('here')).toEqual([]);
    expect(await told('everywhere')).toEqual([CHANGED_CHANNEL]);
  });

  test('is read anew after a second', async () => {
    expect(await price(w)).toBe(10_00);
    await isReady(`/v1/products/${lamp}`);
    await expect.poll(() => statementsOf(`/v1/products/${lamp}`), { timeout: 2000, interval: 20 }).toBeGreaterThan(0);
  });

  test('shows a change as soon as whoever made it is told so', async () => {
    const list = '/v1/products?sellerId=';
    const bob = await w.buyer('bob', { balance: usd(500_00) });
    const shown = async () => {
      const { body } = await w.get(`/v1/products/${lamp}`);
      const listed = (await w.get(`${list}${sue.id}`)).body.items.map(({ price }: { price: { amount: number } }) => price.amount);
      const reviews = (await w.get(`/v1/products/${lamp}/reviews`)).body.items.map(({ rating }: { rating: number }) => rating);
      return { price: body.price?.amount, stock: body.stock, rating: body.rating?.count, listed, reviews };
    };
    const before = { price: 10_00, stock: 100, rating: 0, listed: [10_00], reviews: [] };
    expect(await shown()).toEqual(before);
    await sue.patch(`/v1/products/${lamp}`, { price: usd(11_00) });
    expect(await shown()).toEqual({ ...before, price: 11_00, listed: [11_00] });
    await sue.post(`/v1/products/${lamp}/stock`, { change: 5, reason: 'found' });
    expect((await shown()).stock).toBe(105);
    await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 2 }], payment: 'wallet' });
    expect((await shown()).stock).toBe(103);
    const { body: review } = await bob.post(`/v1/products/${lamp}/reviews`, { rating: 4, comment: 'It bends.' });
    expect((await shown()).reviews).toEqual([4]);
    await w.souk.step(); // the rating travels by a job
    expect((await shown()).rating).toBe(1);
    await bob.patch(`/v1/reviews/${review.id}`, { rating: 5 });
    expect((await shown()).reviews).toEqual([5]);
    await root.post(`/v1/reviews/${review.id}/moderation`, { action: 'remove', reason: 'an advertisement' });
    expect((await shown()).reviews).toEqual([]);

    await root.post(`/v1/users/${sue.id}/suspension`, { suspended: true, reason: 'sells what is not hers' });
    await w.souk.step();
    expect(await shown()).toMatchObject({ price: undefined, listed: [] });
    await root.post(`/v1/users/${sue.id}/suspension`, { suspended: false, reason: 'it was hers' });
    await w.souk.step();
    expect(await shown()).toMatchObject({ price: 11_00, listed: [11_00] });
    sue = await w.seller('sue'); // signed out by the suspension
    await sue.patch(`/v1/products/${lamp}`, { price: usd(10_00) });

    const vase = (await sue.post('/v1/products', { name: 'Vase', price: usd(3_00), stock: 1 })).body.id;
    await sue.post(`/v1/products/${vase}/submit`);
    expect((await shown()).listed).toEqual([10_00]);
    await root.post(`/v1/products/${vase}/approve`);
    expect((await shown()).listed).toEqual([3_00, 10_00]);
    await sue.delete(`/v1/products/${vase}`);
    expect((await shown()).listed).toEqual([10_00]);
    expect((await w.get(`/v1/products/${vase}`)).status).toBe(404);
  });

  test('shows nothing of somebody who has left', async () => {
    const [leo, mia] = [await w.seller('leo'), await w.person('mia')];
    const tray = await leo.lists({ name: 'Tray', price: usd(1_00) });
    await mia.post(`/v1/products/${tray}/reviews`, { rating: 2, comment: 'It wobbles.' });
    const list = `/v1/products?sellerId=${leo.id}`;
    const seen = async () => [(await w.get(list)).body.items.length, (await w.get(`/v1/products/${tray}/reviews`)).body.items.length];
    expect(await seen()).toEqual([1, 1]);
    expect((await mia.delete('/v1/customers/mia')).status).toBeLessThan(300);
    await w.souk.step();
    expect(await seen()).toEqual([1, 0]);
    expect((await leo.delete('/v1/customers/leo')).status).toBeLessThan(300);
    await w.souk.step();
    expect((await seen())[0]).toBe(0);
  });

  test('is made once for 200 callers who ask for it at the same moment', async () => {
    w.souk.dropReady();
    const [hits, misses] = await reads();
    const replies: { status: number }[] = [];
    const sent = await w.statements(async () => {
      replies.push(...(await Promise.all(Array.from({ length: 200 }, () => w.get('/v1/products?category=electronics&limit=7')))));
    });
    expect(sent).toHaveLength(await statementsOf('/v1/products?category=electronics&limit=8'));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
    expect(await reads()).toEqual([hits, misses! + 201]);
    await w.get('/v1/products?category=electronics&limit=7');
    expect(await reads()).toEqual([hits! + 1, misses! + 201]);
  });

  test('is not stored when it is a later page, and each caller is led on in the words of their address', async () => {
    for (let n = 0; n < 3; n++) await sue.lists({ name: `Tea ${n}`, price: usd(1_00) });
    const first = await w.get('/v1/products?q=tea&limit=2');
    const other = await w.get('/products?limit=2&q=tea');
    expect(other.headers.get('link')).toMatch(/^<\/products\?limit=2&q=tea&cursor=[^>]+>; rel="next"$/);
    const escaped = await w.get('/v1/products?q=tea&limit=2&%63ursor=');
    expect(escaped.headers.get('link')).toBe(first.headers.get('link')); // with one cursor
    const next = /^<(.+)>; rel="next"$/.exec(first.headers.get('link')!)![1]!;
    expect(next).toMatch(/^\/v1\/products\?q=tea&limit=2&cursor=/);
    expect((await w.get(next)).headers.get('etag')).toMatch(/^W\//);
    expect(await statementsOf(next)).toBeGreaterThan(0);
  });

  test('that cannot be shown is refused anew each time', async () => {
    for (const [path, status] of [
      ['/v1/products?state=draft', 401],
      ['/v1/products/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', 404],
      ['/v1/products?limit=0', 422],
    ] as const)
      for (let n = 0; n < 2; n++) {
        const refused = await w.get(path);
        expect([refused.status, refused.headers.get('cache-control'), refused.headers.get('etag')], path).toEqual([
          status,
          'no-store',
          null,
        ]);
      }
  });
});

describe('what a shared cache may keep', () => {
  test('says so, by which headers it differs, and is 304 as long as its content is the same', async () => {
    for (const path of ['/v1/products?limit=3', `/v1/products/${lamp}`, `/v1/products/${lamp}/reviews`, '/v1/categories']) {
      const { headers } = await w.get(path);
      const etag = headers.get('etag')!;
      expect(headers.get('cache-control')).toBe('public, max-age=0, stale-if-error=60');
      expect(headers.get('vary')).toBe('Authorization, X-Api-Key, Origin');
      for (const given of [etag, `"x", ${etag}`, `W/"x" , ${etag},`, `W/${etag.replace(/^W\//, '')}`, etag.replace(/^W\//, ''), '*']) {
        const same = await w.get(path, { 'if-none-match': given });
        expect([same.status, same.body, same.headers.get('etag'), same.headers.get('content-type')], given).toEqual([304, '', etag, null]);
        expect([same.headers.get('cache-control'), same.headers.get('vary')]).toEqual([headers.get('cache-control'), headers.get('vary')]);
        expect((await w.fetch(path, { method: 'HEAD', headers: { 'if-none-match': given } })).status).toBe(304);
      }
      expect((await w.get(path, { 'if-none-match': '"x"' })).status).toBe(200);
      expect(await w.get(path, { 'if-none-match': 'x' })).toBeProblem(400, 'malformed');
    }
  });

  test('and whoever is signed in, is told of stock by the content; the tag names the version that If-Match asks for', async () => {
    const path = `/v1/products/${lamp}`;
    const etag = (await w.get(path)).headers.get('etag')!;
    expect(etag).toMatch(/^"\d+\.[\w-]{22}"$/);
    const account = await sue.get('/v1/customers/sue'); // a page that is not ready-made
    expect(account.headers.get('etag')).toBe(`"${account.body.version}"`);
    const version = `${etag.split('.')[0]}"`;
    expect((await sue.get(path, { 'if-none-match': etag })).status).toBe(304);
    await sue.post(`${path}/stock`, { change: 1, reason: 'found' });
    for (const reader of [w, sue])
      for (const given of [etag, version]) expect((await reader.get(path, { 'if-none-match': given })).status, given).toBe(200);
    expect((await sue.patch(path, { type: 'lighting' }, { 'if-match': etag })).status).toBe(200);
    expect(await sue.patch(path, { type: 'lighting' }, { 'if-match': etag })).toBeProblem(412, 'version-mismatch');
  });

  test('declares its headers in the OpenAPI document', async () => {
    const { paths } = w.souk.openapi() as { paths: Record<string, { get: { responses: Record<string, { headers: object }> } }> };
    for (const [path, template] of [
      ['/v1/products?limit=1', '/v1/products'],
      [`/v1/products/${lamp}`, '/v1/products/{id}'],
    ] as const) {
      const { responses } = paths[template]!.get;
      const reply = await w.get(path);
      const same = await w.get(path, { 'if-none-match': '*' });
      for (const { status, headers } of [reply, same]) {
        const declared = Object.keys(responses[status]!.headers).map((name) => name.toLowerCase());
        const sent = [...headers.keys()].filter((name) => name !== 'content-type' && !name.startsWith('access-control-'));
        expect(declared, `${path} ${status}`).toEqual(expect.arrayContaining(sent));
      }
    }
  });

  test('holds nothing that only an origin, or only its first caller, was to have', async () => {
    const asked = (origin: string, id: string) => w.get('/v1/products?limit=4', { origin, 'x-request-id': id });
    const [shop, evil] = [await asked('https://shop.example.com', 'call-1'), await asked('https://evil.example.com', 'call-2')];
    expect(shop.headers.get('access-control-allow-origin')).toBe('https://shop.example.com');
    expect(evil.headers.get('access-control-allow-origin')).toBeNull();
    expect([shop, evil].map(({ headers }) => headers.get('x-request-id'))).toEqual(['call-1', 'call-2']);
    await isReady('/v1/products?limit=4');
  });
});

describe('whoever says who they are', () => {
  test('gets a reply of their own, which nobody else is given', async () => {
    const path = `/v1/products/${lamp}`;
    await sue.patch(path, { description: 'It waits for review.' });
    const partner = await w.partner('shipping', ['orders:ship']);
    const mine = await sue.get(path);
    expect(mine.body.pending).toEqual({ description: 'It waits for review.' });
    const public_ = await w.get(path);
    expect(public_.body.pending).toBeUndefined();
    expect((await sue.get(path)).body.pending).toBeDefined();
    for (const own of [
      mine,
      await partner.get(path),
      await w.get(path, { authorization: 'Bearer nonsense' }),
      await w.get(path, { authorization: '' }),
    ]) {
      expect(own.headers.get('cache-control')).toBe('no-store');
      expect(own.headers.get('etag')).toMatch(/^"\d+\.[\w-]{22}"$/);
    }
    w.souk.dropReady();
    expect(await statementsOf(path)).toBeGreaterThan(0); // none of those was stored
    expect((await w.statements(() => sue.get(path))).length).toBeGreaterThan(0); // and none is taken from there
  });
});

test('limits: a page that is ready is counted as any other', async () => {
  const limited = await world({ env: { RATE_LIMITS: 'on' } });
  const replies = [];
  for (let n = 0; n < 1201; n++) replies.push(await limited.get('/v1/categories'));
  expect(replies[0]!.headers.get('ratelimit')).toMatch(/^"address";r=1199;/);
  expect(replies[1199]!.headers.get('ratelimit')).toMatch(/^"address";r=0;/);
  expect(replies[1200]).toBeProblem(429, 'too-many-requests');
  expect((await limited.get('/metrics')).body).toMatch(
    /souk_http_request_duration_seconds_count\{method="GET",route="\/v1\/categories",status="2xx"\} 1200/,
  );
});

test('a route whose reply may differ from caller to caller cannot be ready-made', async () => {
  const { modules } = await import('../modules/index.ts');
  const spoiling = (access: typeof anyone) =>
    modules.map((module) => ({ ...module, routes: module.name === 'catalog' ? [mine(access)] : module.routes }));
  const mine = (access: typeof anyone) =>
    get('/mine', { summary: 'Mine', access, returns: null, ready: () => [], problems: [], handle: async () => undefined });
  await expect(world({ modules: spoiling(signedIn) })).rejects.toThrow('GET /mine cannot be ready-made');
});
