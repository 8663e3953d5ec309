import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { PLATFORM_SELLER } from '#catalog';
import { type Person, tnd, usd } from '../../../test/people.ts';
import { lamp, shirt } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let root: Person;
let reviewer: Person;

beforeAll(async () => {
  w = await world();
  [sue, root, reviewer] = [await w.seller('sue'), await w.admin(), await w.person('rita', ['catalog-manager'])];
});

describe('listing a product', () => {
  test('of a seller makes a draft of theirs, with one variant where there is one price', async () => {
    const { status, body, headers } = await sue.post('/v1/products', lamp);
    expect(status).toBe(201);
    expect(headers.get('etag')).toBe('"1"');
    expect(body).toMatchObject({
      ...{ name: 'Lamp', category: 'electronics', type: 'Desk lamp', brand: 'Luma', description: 'It bends.', price: usd(20_00), stock: 5 },
      ...{ seller: { id: sue.id, username: 'sue' }, state: 'draft', images: [], rating: { average: null, count: 0 }, version: 1 },
      variants: [{ sku: null, options: {}, price: usd(20_00), stock: 5 }],
    });
    expect((await w.get(`/v1/products/${body.id}`)).status).toBe(404);
    expect((await w.sql('select subject, actor_id from kernel.audit where subject = $1', [body.id]))[0]).toMatchObject({
      actor_id: sue.id,
    });
  });

  test("of the staff is the shop's own, and public at once", async () => {
    const { body } = await reviewer.post('/v1/products', { ...lamp, category: undefined });
    expect(body).toMatchObject({ state: 'approved', seller: PLATFORM_SELLER, category: null });
    expect((await w.get(`/v1/products/${body.id}`)).body).toMatchObject({ id: body.id, name: 'Lamp' });
  });

  test('with variants shows the lowest price and the sum of the stock', async () => {
    const { body } = await reviewer.post('/v1/products', shirt);
    expect(body).toMatchObject({ price: usd(14_00), stock: 5 });
    expect(body.variants.map((variant: { options: object; stock: number }) => [variant.options, variant.stock])).toEqual([
      [{ color: 'red', size: 'M' }, 2],
      [{ color: 'red', size: 'L' }, 3],
      [{ color: 'blue', size: 'M' }, 0],
    ]);
  });

  test('twice under one key is once, alone and in a crowd', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 10 }, () => sue.post('/v1/products', shirt, key)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const again = await sue.post('/v1/products', shirt, key);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.body).toMatchObject({ id: replies[0]!.body.id, stock: 5 });
    expect(await sue.post('/v1/products', lamp, key)).toBeProblem(422, 'idempotency-key-reused');
    const bob = await w.person('bob');
    expect((await bob.post('/v1/products', shirt, key)).body.id).not.toBe(again.body.id);
  });

  const refusals: [what: string, body: object, pointer: string][] = [
    ['neither price nor variants', { name: 'x' }, '/price'],
    ['both price and variants', { ...shirt, price: usd(1) }, '/price'],
    ['stock beside variants', { ...shirt, stock: 1 }, '/stock'],
    ['no name', { ...lamp, name: ' ' }, '/name'],
    ['a name of 201 letters', { ...lamp, name: 'x'.repeat(201) }, '/name'],
    ['a price of nothing', { ...lamp, price: usd(0) }, '/price/amount'],
    ['a price of halves', { ...lamp, price: usd(0.5) }, '/price/amount'],
    ['a price beyond counting', { ...lamp, price: usd(2 ** 53 - 1) }, '/price/amount'],
    ['a currency that is none', { ...lamp, price: { amount: 1, currency: 'XXX' } }, '/price/currency'],
    ['stock below zero', { ...lamp, stock: -1 }, '/stock'],
    ['a field that is none', { ...lamp, seller: 'bob' }, '/seller'],
    ['two currencies', { ...shirt, variants: [shirt.variants[0], { ...shirt.variants[1], price: tnd(1000) }] }, '/variants'],
    [
      '101 variants',
      { name: 'x', variants: Array.from({ length: 101 }, (_, n) => ({ options: { n: `${n}` }, price: usd(1), stock: 0 })) },
      '/variants',
    ],
    [
      'an option of two lines',
      { name: 'x', variants: [{ options: { color: 'a\nb' }, price: usd(1), stock: 0 }] },
      '/variants/0/options/color',
    ],
    ...['a\nb', 'a\r\nb', 'a\tb', '\u001b[31mred', 'abc\u202Egpj.exe', 'a\u2066b', 'a\u2028b', 'a\u0085b'].flatMap(
      (text): typeof refusals => [
        [`the name ${JSON.stringify(text)}`, { ...lamp, name: text }, '/name'],
        [`the brand ${JSON.stringify(text)}`, { ...lamp, brand: text }, '/brand'],
        [`the SKU ${JSON.stringify(text)}`, { name: 'x', variants: [{ sku: text, options: {}, price: usd(1) }] }, '/variants/0/sku'],
        [`the option ${JSON.stringify(text)}`, { name: 'x', variants: [{ options: { a: text }, price: usd(1) }] }, '/variants/0/options/a'],
      ],
    ),
    ...['\u001b[31mred', 'abc\u202Egpj.exe', 'a\u2066b', 'a\u0085b'].map((text): (typeof refusals)[number] => [
      `the description ${JSON.stringify(text)}`,
      { ...lamp, description: text },
      '/description',
    ]),
    ['the character that no text may hold', { ...lamp, description: 'a\u0000b' }, '/description'],
  ];
  test.each(refusals)('is refused with %s', async (_, body, pointer) => {
    const refused = await sue.post('/v1/products', body);
    expect(refused).toBeProblem(422, 'invalid');
    expect(refused.body.errors.map((error: { pointer: string }) => error.pointer)).toContain(pointer);
  });

  test('is refused in a category that does not exist, or with variants that are alike', async () => {
    expect(await sue.post('/v1/products', { ...lamp, category: 'nowhere' })).toBeProblem(409, 'catalog/unknown-category');
    const twins = [0, 1].map(() => ({ options: { color: 'red' }, price: usd(1), stock: 0 }));
    expect(await sue.post('/v1/products', { name: 'x', variants: twins })).toBeProblem(409, 'catalog/variants-alike');
  });

  test('takes a hundred variants', async () => {
    const variants = Array.from({ length: 100 }, (_, n) => ({ options: { number: `${n}` }, price: usd(n + 1), stock: n }));
    const { status, body } = await sue.post('/v1/products', { name: 'Beads', variants });
    expect([status, body.variants.length, body.stock]).toEqual([201, 100, 4950]);
  });

  test('stores every text unchanged: other scripts, markup, SQL', async () => {
    const texts = [
      'مصباح أنيق',
      '<script>alert(1)</script>',
      "'; drop table catalog.products; --",
      '{"a": "\\u0000"} \\ " %s $1',
      '黒いランプ 🪔',
      'Ünïcödé №½',
      'e\u0301',
      '$$ :name $(x)',
    ];
    for (const text of texts) {
      const product = {
        name: text,
        type: text,
        brand: text,
        description: text,
        variants: [{ sku: text, options: { [text.slice(0, 40)]: text }, price: usd(1), stock: 1 }],
      };
      const { status, body } = await root.post('/v1/products', product);
      expect([status, body.name], text).toEqual([201, text]);
      const { body: shown } = await w.get(`/v1/products/${body.id}`);
      const { body: listed } = await w.get(`/v1/products?q=${encodeURIComponent(text)}&brand=${encodeURIComponent(text)}`);
      const found = listed.items.find((item: { id: string }) => item.id === body.id);
      for (const each of [shown, found ?? shown]) {
        expect(each).toMatchObject({ name: text, type: text, brand: text, description: text });
        expect(each.variants[0]).toMatchObject({ sku: text, options: { [text.slice(0, 40)]: text } });
      }
    }
  });
});
