import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { importProducts } from '../../../test/importing.ts';
import { noticesOf } from '../../../test/notices.ts';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let bob: Person;
let lamp: string;
let variantId: string;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
});

let tests = 0;
beforeEach(async () => {
  bob = await w.person(`bob${++tests}`);
  lamp = await sue.lists({ name: 'Lamp', price: usd(20_00), stock: 3 });
  variantId = (await w.get(`/v1/products/${lamp}`)).body.variants[0].id;
});

/** As catalog says it; `request` is the call that led to it. */
const says = (event: 'price-changed' | 'back-in-stock', payload: object = {}, request: string | null = null) =>
  w.sql(
    `insert into kernel.outbox (id, kind, name, subject, payload, created_at, request_id)
     values (gen_random_uuid(), 'event', $1, $2, $3, now(), $4)`,
    [`catalog.${event}.v1`, lamp, { productId: lamp, variantId, ...payload }, request],
  );
const fell = (request: string | null = null) => says('price-changed', { currency: 'USD', from: 25_00, to: 20_00 }, request);
const kindsOf = async (person: Person) => (await noticesOf(w).listOf(person)).items.map(({ kind }: { kind: string }) => kind);

describe('who asked for it', () => {
  test('is told that a product is back in stock and that it costs less, in words and figures', async () => {
    await bob.post('/v1/favorites', { productId: lamp, notify: { backInStock: true, priceFell: true } });
    await says('back-in-stock');
    await w.step();
    await fell();
    await w.step();
    const { items } = await noticesOf(w).listOf(bob);
    expect(items).toMatchObject([
      { kind: 'price-fell', text: 'Lamp now costs $20.00 (before: $25.00).' },
      { kind: 'back-in-stock', text: 'Lamp is in stock again.' },
    ]);
    expect(noticesOf(w).subjects(bob)).toContain('A favorite of yours costs less');
  });

  test('is told of nothing else: not of the other kind, not of a higher price, not of what is no favorite any more', async () => {
    const [ann, eve] = [await w.person('ann'), await w.person('eve')];
    await bob.post('/v1/favorites', { productId: lamp, notify: { backInStock: true } });
    await ann.post('/v1/favorites', { productId: lamp, notify: { priceFell: true } });
    const { id } = (await eve.post('/v1/favorites', { productId: lamp, notify: { priceFell: true } })).body;
    await eve.delete(`/v1/favorites/${id}`);
    await fell();
    await says('price-changed', { currency: 'USD', from: 19_00, to: 20_00 });
    await w.step();
    expect([await kindsOf(bob), await kindsOf(ann), await kindsOf(eve)]).toEqual([[], ['price-fell'], []]);
  });

  test('is told once of an event that arrives twice, and once of what one call did to several variants', async () => {
    await bob.post('/v1/favorites', { productId: lamp, notify: { backInStock: true, priceFell: true } });
    await says('back-in-stock');
    await w.step();
    await w.tellAgain('catalog.back-in-stock.v1', 'favorites.tell-admirers');
    await w.step();
    expect(await kindsOf(bob)).toEqual(['back-in-stock']);
    const request = randomUUID();
    for (let variants = 0; variants < 3; variants++) await fell(request);
    await w.step();
    expect(await kindsOf(bob)).toEqual(['price-fell', 'back-in-stock']);
  });

  test('is not told what is not true any more, or of a product that is not public any more', async () => {
    await bob.post('/v1/favorites', { productId: lamp, notify: { backInStock: true, priceFell: true } });
    await sue.patch(`/v1/products/${lamp}`, { price: usd(24_00) });
    await fell();
    await sue.post(`/v1/products/${lamp}/stock`, { change: -3, reason: 'lost' });
    await w.step();
    await says('back-in-stock');
    await w.step();
    await sue.post(`/v1/products/${lamp}/stock`, { change: 3, reason: 'found' });
    await sue.delete(`/v1/products/${lamp}`);
    await says('back-in-stock');
    await w.step();
    expect((await kindsOf(bob)).filter((kind: string) => kind === 'price-fell')).toEqual([]);
  });
});

test('what a seller does to price and stock is told, and so is what a file of products does', async () => {
  await bob.post('/v1/favorites', { productId: lamp, notify: { backInStock: true, priceFell: true } });
  await sue.patch(`/v1/products/${lamp}`, { price: usd(18_00) });
  await w.step();
  await sue.post(`/v1/products/${lamp}/stock`, { change: -3, reason: 'sold on the market' });
  await w.step();
  await sue.post(`/v1/products/${lamp}/stock`, { change: 2, reason: 'delivery' });
  await w.step();
  expect(await kindsOf(bob)).toEqual(['back-in-stock', 'price-fell']);
  await importProducts(w, await w.admin(), `id,name,price,currency\n${lamp},Lamp,15,USD`);
  expect((await noticesOf(w).listOf(bob)).items[0].text).toBe('Lamp now costs $15.00 (before: $18.00).');
});

test('a product with thousands of admirers is told of in short steps, and a run that is repeated tells nobody twice', async () => {
  await w.sql(
    `insert into favorites.favorites (id, account_id, kind, subject_id, price_fell, created_at)
     select gen_random_uuid(), gen_random_uuid(), 'product', $1, true, now() from generate_series(1, 1200)`,
    [lamp],
  );
  await w.sql(
    `insert into notifications.settings (account_id, choices)
     select account_id, '{"price-fell:email": false, "price-fell:push": false}' from favorites.favorites where subject_id = $1`,
    [lamp],
  );
  await w.step();
  await fell();
  const statements = await w.statements(() => w.step());
  expect(statements.filter((text) => text.includes('insert into notifications.notifications'))).toHaveLength(3);
  await w.tellAgain('favorites.tell-admirers');
  await w.step();
  const [counted] = await w.sql(
    `select count(*)::int as told, count(distinct account_id)::int as people from notifications.notifications
     where account_id in (select account_id from favorites.favorites where subject_id = $1)`,
    [lamp],
  );
  expect(counted).toEqual({ told: 1200, people: 1200 });
});
