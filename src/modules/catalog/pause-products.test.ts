import { expect, test } from 'vitest';
import { emit } from '#kernel/events.ts';
import { systemScope } from '#kernel/runtime.ts';
import { standingChanged } from '#kernel/standing.ts';
import { whileHeld } from '../../../test/held.ts';
import { usd } from '../../../test/people.ts';
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

test('nothing of hers is sold once the catalog has heard it, before any list is made anew', async () => {
  const w = await world();
  const sue = await w.person('sue');
  const bob = await w.buyer('bob', { balance: usd(50_00) });
  const vase = await sue.lists({ name: 'Vase', price: usd(5_00) });
  await w.sql('insert into catalog.suspended_sellers (seller_id) values ($1)', [sue.id]);
  expect(await bob.post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] })).toBeProblem(404, 'catalog/unknown-product');
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
