import pg from 'pg';
import { expect, test } from 'vitest';
import { emit } from '#kernel/events.ts';
import { systemScope } from '#kernel/runtime.ts';
import { standingChanged } from '#kernel/standing.ts';
import { whileHeld } from '../../../test/held.ts';
import { type Person, type Reply, usd } from '../../../test/people.ts';
import { openRoom, startServer } from '../../../test/real-server.ts';
import { type World, world } from '../../../test/world.ts';

const shownIn = async (w: World) => (await w.get('/v1/products?seller=sue')).body.items.map(({ id }: { id: string }) => id);
const suspend = async (w: World, id: string, suspended: boolean) =>
  expect((await (await w.admin()).post(`/v1/users/${id}/suspension`, { suspended, reason: 'sells what is not hers' })).status).toBe(200);

test('what a suspended seller lists is hidden and not for sale, and is back when she is', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const bob = await w.buyer('bob', { balance: usd(50_00) });
  const [vase, cup] = [await sue.lists({ name: 'Vase', price: usd(5_00) }), await sue.lists({ name: 'Cup', price: usd(2_00) })];
  const draft = (await sue.post('/v1/products', { name: 'Plate', category: 'food', price: usd(1_00), stock: 1 })).body.id;
  await sue.post(`/v1/products/${draft}/submit`);
  await sue.patch(`/v1/products/${cup}`, { name: 'A better cup' }); // waits for review

  await suspend(w, sue.id, true);
  await w.step();

  expect(await shownIn(w)).toEqual([]);
  expect(await w.get(`/v1/products/${vase}`)).toBeProblem(404, 'not-found');
  expect((await w.get('/v1/sales/goods')).body.items).toEqual([]);
  expect(await bob.post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] })).toBeProblem(404, 'catalog/unknown-product');
  expect(await bob.post('/v1/sales', { good: 'Vase' })).toBeProblem(404, 'catalog/unknown-product');
  expect(await bob.post(`/v1/products/${vase}/reviews`, { rating: 1, comment: 'Broke.' })).toBeProblem(404, 'not-found');
  const root = await w.admin();
  expect((await root.get(`/v1/products/${vase}`)).body.state).toBe('paused');
  expect((await root.post(`/v1/products/${draft}/approve`)).body.state).toBe('paused');

  await suspend(w, sue.id, false);
  await w.step();

  expect((await shownIn(w)).sort()).toEqual([vase, cup, draft].sort());
  expect((await root.get(`/v1/products/${cup}`)).body.pending).toEqual({ name: 'A better cup' });
  expect((await bob.post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] })).status).toBe(201);
});

test('none of her products is sold once the catalog has heard it, even before lists are updated', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const bob = await w.buyer('bob', { balance: usd(50_00) });
  const vase = await sue.lists({ name: 'Vase', price: usd(5_00) });
  await w.sql('insert into catalog.suspended_sellers (seller_id) values ($1)', [sue.id]);
  expect(await bob.post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] })).toBeProblem(404, 'catalog/unknown-product');
});

test('a change of a paused product waits for review, because the product becomes public again without one', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const vase = await sue.lists({ name: 'Vase', price: usd(5_00) });
  await w.sql("update catalog.products set state = 'paused' where id = $1", [vase]);
  const { body } = await sue.patch(`/v1/products/${vase}`, { name: 'Gun', translations: { fr: { name: 'Fusil' } } });
  expect(body).toMatchObject({ name: 'Vase', translations: {}, pending: { name: 'Gun', translations: { fr: { name: 'Fusil' } } } });
});

test('the newest word of an account counts, whenever older ones arrive', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const vase = await sue.lists({ price: usd(5_00) });
  const { db } = w.souk.runtime.context('identity', systemScope);
  const says = async (suspended: boolean, version: number) => {
    await db.transaction(async (tx) => emit(tx, standingChanged, sue.id, { accountId: sue.id, suspended, version }));
    await w.step();
  };
  await says(false, 20);
  await says(true, 19);
  expect(await shownIn(w)).toEqual([vase]);
  await says(true, 21);
  expect(await shownIn(w)).toEqual([]);
});

test('a product that is approved in the very moment its seller is suspended does not stay listed', async () => {
  const w = await world();
  const [sue, root] = [await w.person('sue'), await w.admin()];
  const { id } = (await sue.post('/v1/products', { name: 'Plate', category: 'food', price: usd(1_00), stock: 1 })).body;
  await sue.post(`/v1/products/${id}/submit`);
  await w.step();
  // The approval has seen that its seller is not suspended, and waits; then she is, and every job is done.
  const approved = await whileHeld(
    w,
    { by: 'lock table catalog.listings in share mode', waiting: 1 },
    () => root.post(`/v1/products/${id}/approve`),
    async () => {
      await suspend(w, sue.id, true);
      await w.step();
    },
  );
  expect(approved.body.state).toBe('approved');
  await w.step();
  expect((await root.get(`/v1/products/${id}`)).body.state).toBe('paused');
  expect(await shownIn(w)).toEqual([]);
});

/** More than one turn of the job takes: copies of a product that come before it, paused, so that the end of a suspension lists them. */
async function listsMany(w: World, like: string, seller: Person): Promise<void> {
  await w.sql(
    `insert into catalog.products (id, seller_id, seller_username, created_at, state, name, description)
     select ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, seller_id, seller_username, created_at, 'paused', name || ' ' || n, description
     from catalog.products, generate_series(1, 200) as n where id = $1`,
    [like],
  );
  await w.sql(
    `insert into catalog.variants (id, product_id, position, options, price_amount, price_currency, stock, stock_version)
     select ('00000000-0000-7000-9000-' || lpad(n::text, 12, '0'))::uuid, ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, 0, '{}', price_amount, price_currency, 5, 0
     from catalog.variants, generate_series(1, 200) as n where product_id = $1`,
    [like],
  );
  await suspend(w, seller.id, true);
  await suspend(w, seller.id, false);
  await w.step();
}

const statesOf = async (w: World, seller: Person): Promise<Record<string, number>> => {
  const rows = await w.sql<{ state: string; count: number }>(
    'select state, count(*)::int as count from catalog.products where seller_id = $1 group by state',
    [seller.id],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
};
const listed = async (w: World, seller: Person): Promise<number> =>
  (await w.sql('select 1 from catalog.listings where seller_id = $1', [seller.id])).length;

test('buyers who buy at once while a seller is suspended get it or hear that it is not for sale, and none of them after the suspension', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const vase = await sue.lists({ name: 'Vase', price: usd(5_00), stock: 1000 });
  await listsMany(w, vase, sue);
  const buyers = await Promise.all(['ann', 'bob', 'cem', 'dia'].map((name) => w.buyer(name, { balance: usd(500_00) })));
  const buys = (buyer: Person) => buyer.post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] });
  const replies: Reply[] = [];
  let isOver = false;
  const shopping = buyers.map(async (buyer) => {
    while (!isOver) replies.push(await buys(buyer));
  });

  await expect.poll(() => replies.length, { interval: 5 }).toBeGreaterThan(8);
  await suspend(w, sue.id, true);
  const stepping = w.step();
  await expect.poll(() => replies.filter(({ status }) => status === 404).length, { interval: 5 }).toBeGreaterThan(8);
  await stepping;
  isOver = true;
  await Promise.all(shopping);
  await w.step();

  const sold = replies.filter(({ status }) => status === 201).length;
  for (const reply of replies) if (reply.status !== 201) expect(reply).toBeProblem(404, 'catalog/unknown-product');
  expect(await statesOf(w, sue)).toEqual({ paused: 201 });
  expect(await listed(w, sue)).toBe(0);
  for (const reply of await Promise.all(buyers.map(buys))) expect(reply).toBeProblem(404, 'catalog/unknown-product');
  expect(await w.sql('select count(*)::int as placed from orders.orders')).toEqual([{ placed: sold }]);
  const left = 500_00 * buyers.length - 5_00 * sold;
  expect((await Promise.all(buyers.map((buyer) => buyer.balance()))).reduce((sum, { amount }) => sum + amount, 0)).toBe(left);
  expect(await w.ask('wallet', 'prove', {})).toMatchObject({ ok: true });

  await suspend(w, sue.id, false);
  await w.step();

  expect(await statesOf(w, sue)).toEqual({ approved: 201 });
  expect(await listed(w, sue)).toBe(201);
  expect((await w.get(`/v1/products/${vase}`)).body.stock).toBe(1000 - sold);
  expect((await buys(buyers[0]!)).status).toBe(201);
});

test('a process that is killed in the middle of the pausing leaves a rest that the next one pauses', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const vase = await sue.lists({ name: 'Vase', price: usd(5_00), stock: 5 });
  await listsMany(w, vase, sue);
  const room = openRoom('pausing');
  const starts = () => startServer(room.path, { DATABASE_URL: w.databaseUrl, PUBLIC_URL: 'http://localhost:3000', SOUK_DATA: room.path });
  const holder = new pg.Client({ connectionString: w.databaseUrl });
  await holder.connect();
  let server = await starts();
  try {
    await holder.query('begin');
    const [{ pid }] = (await holder.query('select pg_backend_pid() as pid, 1 from catalog.products where id = $1 for update', [vase])).rows;
    await suspend(w, sue.id, true);
    const isHeld = async () => (await w.sql('select 1 from pg_stat_activity where $1 = any(pg_blocking_pids(pid))', [pid])).length;
    await expect.poll(isHeld, { timeout: 10_000, interval: 20 }).toBe(1);
    await server.kill();
    expect(await statesOf(w, sue)).toEqual({ paused: 200, approved: 1 });
    await holder.query('commit');
    await w.sql(
      "update pgboss.job set heartbeat_on = heartbeat_on - interval '1 minute' where name = 'catalog.pause-products' and state = 'active'",
    );

    server = await starts();

    await expect.poll(() => statesOf(w, sue), { timeout: 30_000, interval: 100 }).toEqual({ paused: 201 });
    expect(await listed(w, sue)).toBe(0);
    expect((await server.call('/v1/products?seller=sue')).body.items).toEqual([]);
    await suspend(w, sue.id, false);
    await expect.poll(() => listed(w, sue), { timeout: 10_000, interval: 100 }).toBe(201);
    expect(await statesOf(w, sue)).toEqual({ approved: 201 });
  } finally {
    await holder.end();
    await server.kill();
    room.clear();
  }
}, 90_000);
