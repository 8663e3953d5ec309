import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { noteError } from '../test/logged-errors.ts';
import { type Call, type Person, people, type Reply, usd } from '../test/people.ts';
import { callTo, missingPackages, startWhole, type Whole } from '../test/whole.ts';
import { type World, world } from '../test/world.ts';
import type { LocalServices } from './local/services.ts';
import { services } from './topology.ts';

if (missingPackages.length > 0)
  console.info(`Not run: all services behind their gateway. \`apt-get install ${missingPackages.join(' ')}\` brings what they need.`);

/** Two processes of each service behind nginx, on RabbitMQ, Redis and PgBouncer, each service with a database role of its own. */
describe.runIf(missingPackages.length === 0)('Souk as services', () => {
  let w: World;
  let whole: Whole;
  let local: LocalServices;
  let call: Call;
  let everyone: ReturnType<typeof people>;

  beforeAll(async () => {
    w = await world();
    whole = await startWhole(w.databaseUrl, { replicas: 2, log: (_, line) => line.startsWith('{') && noteError(line) });
    ({ local, call } = whole);
    everyone = people({ call, ask: w.ask });
  }, 180_000);
  afterAll(() => whole?.stop(), 60_000);

  const at = (name: string, index = 0): Call => callTo(local.named(name, index).url);
  const buys = (person: Person, productId: string, key: string = randomUUID()) =>
    person.post('/v1/orders', { items: [{ productId, quantity: 1 }] }, { 'idempotency-key': key });

  test('a purchase goes through all of them: listed, charged, bought, reviewed, told to the catalog, and proven', async () => {
    const sue = await everyone.person('sue');
    const bob = await everyone.person('bob');
    const lamp = await sue.lists({ name: 'Lamp', price: usd(20_00), stock: 5 });
    expect((await bob.charge(usd(100_00))).status).toBe(201);
    const key = randomUUID();

    const bought = await buys(bob, lamp, key);

    expect(bought).toMatchObject({ status: 201, body: { state: 'placed', total: usd(20_00) } });
    expect(await buys(bob, lamp, key)).toMatchObject({ status: 201, body: { ...bought.body, shipments: expect.anything() } });
    expect(await bob.balance()).toEqual(usd(80_00));
    const review = await bob.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'It shines.' });
    expect(review.status).toBe(201);
    await expect.poll(async () => (await call(`/v1/products/${lamp}`)).body.rating, { timeout: 10_000 }).toEqual({ average: 5, count: 1 });
    const root = await everyone.admin();
    expect((await root.get('/v1/ledger/proof')).body.ok).toBe(true);
    expect((await root.get('/v1/audit')).status).toBe(200);
    expect((await root.get('/v1/dead-letters')).body.items).toEqual([]);
    await expect
      .poll(() => w.sql('select stock::int from catalog.variants where product_id = $1', [lamp]), { timeout: 10_000 })
      .toEqual([{ stock: 4 }]);
  });

  test('an account is exported from all services and deleted in all of them', async () => {
    const ida = await everyone.person('ida');
    const shade = await ida.lists({ name: 'Shade', price: usd(3_00), stock: 1 });
    const exported = await ida.get('/v1/customers/ida/export');
    expect(exported.status).toBe(200);
    expect(exported.body).toMatchObject({
      customer: { username: 'ida' },
      products: [{ id: shade }],
      orders: [],
      reviews: [],
      wallet: {},
      devices: [],
    });

    expect((await ida.delete('/v1/customers/ida')).status).toBeLessThan(300);

    await expect.poll(async () => (await call(`/v1/products/${shade}`)).status, { timeout: 10_000 }).toBe(404);
    await expect
      .poll(() => w.sql(`select state from identity.accounts where id = $1`, [ida.id]), { timeout: 15_000 })
      .toEqual([{ state: 'erased' }]);
  });

  test('each service answers on its own port with its own documents, health and metrics', async () => {
    for (const { name, modules: its } of services) {
      const direct = at(name);
      expect((await direct('/health')).body).toMatchObject({ status: 'ok', modules: its });
      expect((await direct('/metrics')).body).toContain('souk_');
      expect((await direct('/docs', { headers: { accept: 'text/html' } })).body).toContain('<html');
      expect(Object.keys((await direct('/openapi.json')).body.paths).length).toBeGreaterThan(0);
    }
    const everything = (await call('/openapi.json')).body.paths;
    for (const { name } of services)
      for (const path of Object.keys((await at(name)('/openapi.json')).body.paths)) expect(everything).toHaveProperty([path]);
    expect((await call('/docs', { headers: { accept: 'text/html' } })).body).toContain('/docs/orders');
  });

  test('who signs out is refused by every process within a second', async () => {
    const vera = await everyone.person('vera');
    const asks: Record<string, [method: string, path: string]> = {
      customers: ['GET', '/v1/auth/me'],
      inventory: ['GET', `/v1/products/${randomUUID()}/stock`],
      sales: ['GET', '/v1/orders'],
      reviews: ['DELETE', `/v1/reviews/${randomUUID()}`],
      engagement: ['GET', '/v1/notifications'],
    };
    const looks = () =>
      Promise.all(
        local.replicas.map(async ({ service: { name }, url }) => {
          const [method, path] = asks[name]!;
          return (await callTo(url)(path, { method, headers: { authorization: `Bearer ${vera.token}` } })).status;
        }),
      );
    expect(await looks()).not.toContain(401);

    await vera.post('/v1/auth/sign-out');
    const ended = performance.now();

    await expect.poll(async () => new Set(await looks()), { interval: 20, timeout: 3000 }).toEqual(new Set([401]));
    expect(performance.now() - ended).toBeLessThan(1500);
  });

  test('a limit is shared by all processes, whichever of them answers', async () => {
    const from = { 'x-forwarded-for': '198.51.100.7' };
    const [one, two] = [at('customers', 0), at('customers', 1)];
    const left = async (ask: Call): Promise<number> =>
      Number(/r=(\d+)/.exec((await ask('/v1/auth/me', { headers: from })).headers.get('ratelimit')!)![1]);
    const first = await left(one);
    expect(await left(two)).toBe(first - 1);
    expect(await left(at('sales'))).toBe(first - 2);
  });

  test('while one process of each service is killed in the middle of purchases, every call is answered by another or with 503', async () => {
    const product = await (await everyone.admin()).lists({ name: 'Bulb', price: usd(1_00), stock: 1000 });
    const buyers = await Promise.all(Array.from({ length: 4 }, (_, index) => everyone.person(`buyer-${index}`)));
    for (const buyer of buyers) expect((await buyer.charge(usd(500_00))).status).toBe(201);
    let silent = false;
    const keys: { buyer: Person; key: string; first: Reply }[] = [];
    const shopping = buyers.map(async (buyer) => {
      while (!silent) {
        const key = randomUUID();
        keys.push({ buyer, key, first: await buys(buyer, product, key) });
      }
    });
    const starts: Promise<void>[] = [];
    for (const { name } of services) {
      await local.named(name, 1).kill();
      const next = keys.length + 2 * buyers.length; // purchases go on without it
      await expect.poll(() => keys.length, { interval: 5, timeout: 30_000 }).toBeGreaterThan(next);
      starts.push(local.named(name, 1).start());
    }
    silent = true;
    await Promise.all(starts);
    await Promise.all(shopping);

    const outcomes = new Set(keys.map(({ first }) => (first.status === 201 ? 'placed' : first.body.code)));
    expect([...outcomes].filter((code) => !['placed', 'unavailable', 'still-running'].includes(code))).toEqual([]);
    for (const { buyer, key } of keys)
      await expect.poll(async () => (await buys(buyer, product, key)).status, { timeout: 15_000 }).toBe(201);
    const spent = (await Promise.all(buyers.map((buyer) => buyer.balance()))).map(({ amount }) => 500_00 - amount);
    expect(spent.reduce((sum, amount) => sum + amount, 0)).toBe(keys.length * 1_00);
    await expect
      .poll(() => w.sql('select stock::int from catalog.variants where product_id = $1', [product]), { timeout: 15_000 })
      .toEqual([{ stock: 1000 - keys.length }]);
    expect((await (await everyone.admin()).get('/v1/ledger/proof')).body.ok).toBe(true);
  }, 120_000);
});
