import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type Person, usd } from '../../../test/people.ts';
import { draftOf, lamp, shirt } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let root: Person;
let reviewer: Person;

beforeAll(async () => {
  w = await world();
  [sue, root, reviewer] = [await w.seller('sue'), await w.admin(), await w.person('rita', ['catalog-manager'])];
});

describe('stock', () => {
  test('is added and taken away with a reason, and remembered', async () => {
    const id = await sue.lists({ price: usd(1_00), stock: 5 });
    const added = await sue.post(`/v1/products/${id}/stock`, { change: 3, reason: 'delivery of Monday' });
    expect([added.status, added.body]).toEqual([201, expect.objectContaining({ change: 3, onHand: 8, reason: 'delivery of Monday' })]);
    await reviewer.post(`/v1/products/${id}/stock`, { change: -2, reason: 'broken' });
    expect((await w.get(`/v1/products/${id}`)).body.stock).toBe(6);
    const history = await sue.get(`/v1/products/${id}/stock?limit=2`);
    expect(history.body.items.map((item: { reason: string }) => item.reason)).toEqual(['broken', 'delivery of Monday']);
    const rest = await sue.get(`/v1/products/${id}/stock?limit=2&cursor=${history.body.nextCursor}`);
    expect(rest.body).toMatchObject({ items: [{ change: 5, reason: 'opening stock' }], nextCursor: null });
  });

  test('of a removed variant is written off, and its history stays', async () => {
    const id = await draftOf(sue, { ...shirt, name: 'Fading shirt' });
    const { body } = await sue.get(`/v1/products/${id}`);
    const [red, ...others] = body.variants as { id: string; options: object; price: object }[];
    const key = { 'idempotency-key': randomUUID() };
    const change = { variantId: red!.id, change: 4, reason: 'delivery' };
    const first = await sue.post(`/v1/products/${id}/stock`, change, key);
    const kept = others.map(({ id: variantId, options, price }) => ({ id: variantId, options, price }));
    expect((await sue.patch(`/v1/products/${id}`, { variants: kept })).status).toBe(200);
    await w.step();
    const history = (await sue.get(`/v1/products/${id}/stock?limit=100`)).body.items as {
      variantId: string;
      reason: string;
      change: number;
    }[];
    expect(history.filter(({ variantId }) => variantId === red!.id).map(({ reason, change }) => [reason, change])).toEqual([
      ['variant removed', -6],
      ['delivery', 4],
      ['opening stock', 2],
    ]);
    const [level] = await w.sql<{ on_hand: string }>(`select on_hand from inventory.levels where variant_id = '${red!.id}'`);
    expect(Number(level?.on_hand)).toBe(0);
    await w.ask('inventory', 'close', { variantIds: [red!.id] });
    expect((await sue.get(`/v1/products/${id}/stock?limit=100`)).body.items).toEqual(history);
    const again = await sue.post(`/v1/products/${id}/stock`, change, key);
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([201, first.body, 'true']);
    expect(await sue.post(`/v1/products/${id}/stock`, { ...change, change: 5 }, key)).toBeProblem(422, 'idempotency-key-reused');
    expect(await sue.post(`/v1/products/${id}/stock`, change)).toBeProblem(404, 'not-found');
    await sue.delete(`/v1/products/${id}`);
    expect((await sue.post(`/v1/products/${id}/stock`, change, key)).body).toEqual(first.body);
    expect(await sue.get(`/v1/products/${id}/stock`)).toBeProblem(404, 'not-found');
  });

  test('never goes below zero, and moves once per key', async () => {
    const id = await sue.lists({ price: usd(1_00), stock: 5 });
    const path = `/v1/products/${id}/stock`;
    const refused = await sue.post(path, { change: -6, reason: 'x' });
    expect(refused).toBeProblem(409, 'inventory/below-zero');
    expect(await sue.post(path, { change: 1_000_000_000, reason: 'a typing mistake' })).toBeProblem(409, 'inventory/too-much-stock');
    expect(refused.body.available).toBe(5);
    const key = { 'idempotency-key': randomUUID() };
    await Promise.all([1, 2, 3].map(() => sue.post(path, { change: -4, reason: 'x' }, key)));
    const again = await sue.post(path, { change: -4, reason: 'x' }, key);
    expect([again.headers.get('idempotent-replayed'), again.body.onHand]).toEqual(['true', 1]);
    expect(await sue.post(path, { change: -1, reason: 'x' }, key)).toBeProblem(422, 'idempotency-key-reused');
    const unkeyed = await w.fetch(path, {
      method: 'POST',
      headers: { authorization: `Bearer ${sue.token}`, 'content-type': 'application/json' },
      body: '{"change":1,"reason":"x"}',
    });
    expect(unkeyed).toBeProblem(400, 'idempotency-key-missing');
    expect(await sue.post(path, { change: 0, reason: 'x' })).toBeProblem(422, 'invalid');
  });

  test('of several variants needs to know which', async () => {
    const id = await draftOf(sue, shirt);
    const refused = await sue.post(`/v1/products/${id}/stock`, { change: 1, reason: 'x' });
    expect(refused).toBeProblem(409, 'catalog/variant-needed');
    const variantId = refused.body.variants[2].id;
    expect((await sue.post(`/v1/products/${id}/stock`, { variantId, change: 4, reason: 'x' })).body).toMatchObject({
      variantId,
      onHand: 4,
    });
    const other = (await sue.post('/v1/products', lamp)).body;
    for (const elsewhere of [newId(), other.variants[0].id]) {
      expect(await sue.post(`/v1/products/${id}/stock`, { variantId: elsewhere, change: 4, reason: 'x' })).toBeProblem(404, 'not-found');
      const variants = [{ id: elsewhere, options: {}, price: usd(1) }];
      expect(await sue.patch(`/v1/products/${id}`, { variants })).toBeProblem(404, 'not-found');
    }
    expect((await sue.get(`/v1/products/${other.id}`)).body).toMatchObject({ stock: lamp.stock, price: lamp.price });
  });

  test('in lists follows the events, in any order and with repetitions', async () => {
    const id = await root.lists({ name: 'Tide clock', price: usd(1_00), stock: 5 });
    const listed = async () => (await w.get('/v1/products?q=tide%20clock')).body.items[0];
    const { variants } = (await w.get(`/v1/products/${id}`)).body;
    await w.step();
    await w.ask('inventory', 'take', { key: newId(), lines: [{ variantId: variants[0].id, quantity: 5 }] });
    expect(await listed()).toMatchObject({ stock: 5 });
    await w.step();
    expect(await listed()).toMatchObject({ stock: 0, variants: [{ stock: 0 }] });
    expect((await w.get('/v1/products?q=tide%20clock&inStock=true')).body.items).toEqual([]);
    await w.sql("select catalog.copy_stock(array[$1]::uuid[], '{99}', '{1}')", [variants[0].id]);
    expect(await listed()).toMatchObject({ stock: 0 });
    await root.post(`/v1/products/${id}/stock`, { change: 2, reason: 'x' });
    await w.step();
    expect((await w.get('/v1/products?q=tide%20clock&inStock=true')).body.items[0]).toMatchObject({ stock: 2 });
  });

  test('copied by two batches about one product at once loses neither', async () => {
    const { body } = await root.post('/v1/products', { ...shirt, name: 'Race shirt' });
    const [a, b, c] = body.variants.map((variant: { id: string }) => variant.id);
    const copies = Array.from({ length: 20 }, (_, n) =>
      w.sql(
        'select catalog.copy_stock($1::uuid[], $2, $3)',
        n % 2
          ? [
              [a, b],
              [n, n],
              [n + 2, n + 2],
            ]
          : [
              [c, a],
              [n, n],
              [n + 2, n + 2],
            ],
      ),
    );
    await Promise.all(copies);
    const { items } = (await w.get('/v1/products?q=race+shirt')).body;
    expect(items).toMatchObject([{ stock: 19 + 19 + 18, variants: [{ stock: 19 }, { stock: 19 }, { stock: 18 }] }]);
  });

  test('changes in place, and no document is written for it', async () => {
    const { id, variants } = (await root.post('/v1/products', { ...shirt, name: 'Still shirt' })).body;
    const levels = variants.map((variant: { id: string }) => variant.id);
    const client = new pg.Client({ connectionString: w.databaseUrl });
    await client.connect();
    await client.query(`begin; select catalog.copy_stock('{${levels}}', '{7,0,1}', '{2,2,2}')`);
    const { rows } = await client.query(`
      select relname, pg_stat_get_xact_tuples_updated(oid)::int as updated, pg_stat_get_xact_tuples_hot_updated(oid)::int as in_place
      from pg_class where oid in ('catalog.products'::regclass, 'catalog.variants'::regclass) order by relname`);
    await client.query('commit');
    await client.end();
    expect(rows).toEqual([
      { relname: 'products', updated: 0, in_place: 0 },
      { relname: 'variants', updated: 3, in_place: 3 },
    ]);
    expect((await w.get('/v1/products?q=still+shirt')).body.items).toEqual([
      expect.objectContaining({ id, stock: 8, variants: [7, 0, 1].map((stock) => expect.objectContaining({ stock })) }),
    ]);
  });

  test('is in the right place for all texts of a product', async () => {
    const { id } = (
      await root.post('/v1/products', {
        ...{ name: 'Odd "stock":1', description: 'a "stock":22 and \\"stock\\":333, "stock":4', brand: '"stock":5,' },
        variants: ['0', '12'].map((stock) => ({ options: { stock, '"stock":6': '7' }, price: usd(1_00), stock: Number(stock) })),
      })
    ).body;
    const listed = (await w.get('/v1/products?q=odd')).body.items;
    expect(listed).toEqual([(await w.get(`/v1/products/${id}`)).body]);
    expect(listed).toMatchObject([
      { stock: 12, name: 'Odd "stock":1', brand: '"stock":5,', variants: [{ stock: 0 }, { stock: 12, options: { stock: '12' } }] },
    ]);
  });
});
