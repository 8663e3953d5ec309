import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
});

describe('a sale by name', () => {
  test("is a one-step purchase, for oneself, or by staff out of the customer's wallet", async () => {
    await sue.lists({ name: 'Crème brûlée', price: usd(4_00), stock: 9 });
    const jil = await w.buyer('jil', { balance: usd(20_00) });
    const clerk = await w.person('clerk', ['support']);
    expect((await jil.post('/v1/sales', { good: 'Crème brûlée', quantity: 2 })).body).toMatchObject({ state: 'placed', total: usd(8_00) });
    expect((await clerk.post('/v1/sales', { good: 'crème brûlée', username: 'jil' })).body).toMatchObject({
      state: 'placed',
      buyer: { username: 'jil' },
    });
    expect(await jil.balance()).toEqual(usd(8_00));
    expect(await jil.post('/v1/sales', { good: 'Crème brûlée', username: 'sue' })).toBeProblem(403, 'forbidden');
    expect(await clerk.post('/v1/sales', { good: 'Crème brûlée', username: 'nobody-here' })).toBeProblem(404, 'orders/unknown-customer');
    expect(await jil.post('/v1/sales', { good: 'Nothing of the kind' })).toBeProblem(404, 'catalog/unknown-product');
    expect((await jil.get('/v1/customers/jil/purchases')).body.items).toHaveLength(2);
    expect((await clerk.get('/v1/customers/jil/purchases')).body.items).toHaveLength(2);
    expect((await clerk.get('/v1/orders?buyer=jil')).body.items).toHaveLength(2);
    expect(await sue.get('/v1/orders?buyer=jil')).toBeProblem(404, 'not-found');
  });

  test('is refused as an order is, with nothing taken', async () => {
    const kim = await w.buyer('kim', { balance: usd(10_00) });
    await sue.lists({ name: 'Robe', price: usd(20_00), stock: 9 });
    await sue.lists({ name: 'Last scarf', price: usd(1_00), stock: 1 });
    await sue.lists({ name: 'Gold bar', price: usd(99_999_999_999), stock: 99_999 });
    const sizes = ['S', 'M'].map((size) => ({ options: { size }, price: usd(1_00), stock: 3 }));
    await sue.lists({ name: 'Socks', price: usd(1_00), variants: sizes });
    const buy = (good: string, quantity = 1) => kim.post('/v1/sales', { good, quantity });
    expect(await buy('Robe')).toBeProblem(409, 'wallet/insufficient-funds');
    expect(await buy('Last scarf', 2)).toBeProblem(409, 'inventory/out-of-stock');
    expect(await buy('Gold bar', 90_000)).toBeProblem(409, 'orders/total-too-large');
    expect(await buy('Socks')).toBeProblem(409, 'catalog/variant-needed');
    await w.step();
    expect(await kim.balance()).toEqual(usd(10_00));
  });

  test('of a name that two products have lists their ids', async () => {
    const ids = [await sue.lists({ name: 'Twin', price: usd(1_00) }), await sue.lists({ name: 'Twin', price: usd(2_00) })];
    const reply = await sue.post('/v1/sales', { good: 'Twin' });
    expect(reply).toBeProblem(409, 'catalog/name-not-unique');
    expect([...reply.body.ids].sort()).toEqual(ids.sort());
    expect(await w.get('/v1/sales/goods/Twin')).toBeProblem(409, 'catalog/name-not-unique');
  });

  test('begins with a list of the products in stock and their prices, page by page', async () => {
    for (let n = 1; n <= 6; n++) await sue.lists({ name: `Ware ${n}`, price: usd(1_00) });
    await sue.lists({ name: 'Sold out', price: usd(1_00), stock: 0 });
    const seen: string[] = [];
    for (let cursor = ''; ; ) {
      const { body } = await w.get(`/v1/sales/goods?limit=4${cursor && `&cursor=${cursor}`}`);
      for (const product of body.items) expect(product).toMatchObject({ name: expect.any(String), price: { amount: expect.any(Number) } });
      seen.push(...body.items.map((product: { productId: string }) => product.productId));
      if (!body.nextCursor) break;
      cursor = body.nextCursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen.length).toBeGreaterThan(5);
    expect((await w.get('/v1/sales/goods/Cr%C3%A8me%20br%C3%BBl%C3%A9e')).body).toMatchObject({ name: 'Crème brûlée', price: usd(4_00) });
    expect((await w.get('/v1/sales/goods/%20cr%C3%A8me%20br%C3%BBl%C3%A9e%20')).body).toMatchObject({ name: 'Crème brûlée' });
    expect(await w.get('/v1/sales/goods/nothing')).toBeProblem(404, 'catalog/unknown-product');
  });
});
