import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { currencies } from '#kernel/money.ts';
import { exportedProducts, fileOf, HEADER, importProducts, productNamed, reasons, sendProducts } from '../../../test/importing.ts';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { columns } from './cells.ts';

let w: World;
let mona: Person;

beforeAll(async () => {
  w = await world();
  mona = await w.person('mona', ['catalog-manager']);
});

const named = (name: string) => productNamed(w, name);

describe('a file', () => {
  test('makes products with variants that anybody can buy at once', async () => {
    const report = await importProducts(
      w,
      mona,
      fileOf(
        'SHIRT-1,Shirt Alba,clothes,shirts,Nova,"A shirt, ""soft"" and\nwarm",S-R,color=red; size=M,20.5,USD,7',
        'SHIRT-1,,,,,,S-B,color=blue; size=M,21,usd,3',
        'MUG-1,Mug Alba,,,,,,,4.000,TND,',
      ),
    );
    expect(report.body).toMatchObject({ state: 'done', rows: 3, done: 3, refused: 0, report: [], failure: null, nextCursor: null });
    expect(await named('Shirt Alba')).toMatchObject({
      category: 'clothes',
      type: 'shirts',
      brand: 'Nova',
      description: 'A shirt, "soft" and\nwarm',
      seller: { username: 'souk' },
      price: usd(20_50),
      stock: 10,
      state: 'approved',
      variants: [
        { sku: 'S-R', options: { color: 'red', size: 'M' }, price: usd(20_50), stock: 7 },
        { sku: 'S-B', options: { color: 'blue', size: 'M' }, price: usd(21_00), stock: 3 },
      ],
    });
    expect(await named('Mug Alba')).toMatchObject({ category: null, price: { amount: 4000, currency: 'TND' }, stock: 0 });
    const bob = await w.buyer('bob', { balance: usd(50_00) });
    const { variants } = await named('Shirt Alba');
    expect((await bob.post('/v1/orders', { items: [{ variantId: variants[0].id, quantity: 2 }] })).status).toBe(201);
  });

  test('that is imported again changes nothing, and one that differs changes what differs', async () => {
    const file = fileOf('LAMP-1,Lamp Bora,electronics,,,Bright.,,,10,USD,5', 'LAMP-2,Lamp Cira,,,,,L2,,10,USD,5');
    await importProducts(w, mona, file);
    const before = [await named('Lamp Bora'), await named('Lamp Cira')];
    const again = await importProducts(w, mona, file);
    expect(again.body).toMatchObject({ rows: 2, done: 2 });
    expect([await named('Lamp Bora'), await named('Lamp Cira')]).toEqual(before);
    await importProducts(w, mona, 'name,id,price,currency,sku\nLamp Bora,LAMP-1,12,USD,\nLamp Dora,LAMP-2,10,USD,L2');
    expect(await named('Lamp Bora')).toMatchObject({
      id: before[0].id,
      price: usd(12_00),
      description: 'Bright.',
      category: 'electronics',
      stock: 5,
    });
    expect(await named('Lamp Dora')).toMatchObject({
      id: before[1].id,
      variants: [{ id: before[1].variants[0].id, sku: 'L2' }],
      version: 2,
    });
  });

  test('sets the stock of known variants, with a movement that says why, and leaves what an empty cell does not say', async () => {
    await importProducts(w, mona, fileOf('CUP-1,Cup Edda,,,,,,size=S,1,USD,5', 'CUP-1,,,,,,,size=L,1,USD,6'));
    await importProducts(w, mona, fileOf('CUP-1,Cup Edda,,,,,,size=S,1,USD,2', 'CUP-1,,,,,,,size=L,1,USD,'));
    const cup = (await w.get(`/v1/products/${(await named('Cup Edda')).id}`)).body;
    expect(cup.variants.map(({ stock }: { stock: number }) => stock)).toEqual([2, 6]);
    const [movement] = (await mona.get(`/v1/products/${cup.id}/stock`)).body.items;
    expect(movement).toMatchObject({ change: -3, reason: 'import' });
  });

  test('changes a product by its id, adds a variant, and removes none that it does not name', async () => {
    const sue = await w.seller('sue');
    const id = await sue.lists({ name: 'Rug Fara', price: usd(5_00), variants: [{ options: { size: 'S' }, price: usd(5_00), stock: 1 }] });
    await importProducts(w, mona, fileOf(`${id},Rug Gala,,,,,,size=L,9,USD,4`));
    expect(await named('Rug Gala')).toMatchObject({
      id,
      seller: { username: 'sue' },
      variants: [{ options: { size: 'S' } }, { options: { size: 'L' }, stock: 4 }],
    });
    expect(await exportedProducts(mona, '?seller=sue')).toContain(`${id},Rug Gala,`);
  });

  test('may have semicolons, a byte order mark, other letter case and columns in any order', async () => {
    const text = '\uFEFFName;ID;Currency;Price;Description\r\n"Tapis d’été";T-1;EUR;12,50;"a; b"\r\n\r\n';
    expect((await importProducts(w, mona, text)).body).toMatchObject({ rows: 1, done: 1 });
    expect(await named('Tapis')).toMatchObject({ name: 'Tapis d’été', description: 'a; b', price: { amount: 12_50, currency: 'EUR' } });
  });
});

describe('a row that cannot be saved', () => {
  test.each([
    ['no id', ',Hat,,,,,,,1,USD,1', '2 id: is empty'],
    ['no name', 'H-1,,,,,,,,1,USD,1', '2 name: is empty, and the product is new'],
    ['a price that is none', 'H-2,Hat,,,,,,,cheap,USD,1', '2 price: must be a number such as 20.50, more than 0, with the decimals of USD'],
    ['a price of nothing', 'H-2,Hat,,,,,,,0,USD,1', '2 price: must be a number such as 20.50, more than 0, with the decimals of USD'],
    [
      'more decimals than there are',
      'H-3,Hat,,,,,,,1.005,USD,1',
      '2 price: must be a number such as 20.50, more than 0, with the decimals of USD',
    ],
    ['a stock below zero', 'H-4,Hat,,,,,,,1,USD,-1', '2 stock: must be a whole number of units'],
    ['options that are none', 'H-5,Hat,,,,,,red,1,USD,1', '2 options: must be written like: color=red; storage=128 GB'],
    ['a category that is not there', 'H-6,Hat,hats,,,,,,1,USD,1', '2 category: There is no category hats.'],
    [
      'too many cells',
      'H-7,Hat,,,,,,,1,000.50,USD,1',
      '2 : has 12 cells, and the header 11; put a cell with a separator in quotation marks',
    ],
    ['no price', 'H-8,Hat,,,,,,,,USD,1', '2 price: is empty'],
    ['no currency', 'H-9,Hat,,,,,,,1,,1', '2 currency: is empty'],
    ['neither price nor currency', 'H-9,Hat,,,,,,,,,1', '2 price: is empty, and the variant is new'],
    ['a currency that is none', 'H-9,Hat,,,,,,,1,XYZ,1', `2 currency: must be one of ${currencies.join(', ')}`],
  ])('is reported with its reason: %s', async (_, row, reason) => {
    const report = await importProducts(w, mona, fileOf(row, 'HAT-OK,Hat Hilda,,,,,,,1,USD,1'));
    expect([report.body.done, report.body.refused, reasons(report)]).toEqual([1, 1, [reason]]);
  });

  test('refuses the other rows of its product too, and no others', async () => {
    const rows = [
      'A-1,Bag Ina,,,,,,size=S,1,USD,1',
      'A-1,Bag Jana,,,,,,size=M,1,USD,1',
      'A-1,,,,,,,size=L,1,EUR,1',
      'A-2,Bag Kaja,,,,,,,1,USD,1',
    ];
    const report = await importProducts(w, mona, fileOf(...rows));
    expect(reasons(report)).toEqual([
      '2 : Row 3 of the same product was refused',
      '3 name: differs from row 2 of the same product',
      '4 : Row 3 of the same product was refused',
    ]);
    expect(report.body).toMatchObject({ rows: 4, done: 1, refused: 3 });
    expect(await named('Bag Ina')).toBeUndefined();
    const currencies = await importProducts(w, mona, fileOf('A-3,Bag Lara,,,,,,size=S,1,USD,1', 'A-3,,,,,,,size=L,1,EUR,1'));
    expect(reasons(currencies)[0]).toBe('2 currency: All variants of a product are priced in one currency.');
  });

  test('because two variants are the same for the database stops no other product', async () => {
    const rows = [
      'B-1,Box Mara,,,,,,color=Red,1,USD,1',
      'B-1,,,,,,,color=red,1,USD,1',
      'B-2,Box Nadia,,,,,,,1,USD,1',
      'B-3,Box Olga,,,,,,,1,USD,1',
    ];
    const report = await importProducts(w, mona, fileOf(...rows));
    expect(report.body).toMatchObject({ state: 'done', rows: 4, done: 2, refused: 2 });
    expect(reasons(report)[0]).toContain('2 options: Two variants of the product are the same');
    expect([await named('Box Mara'), (await named('Box Nadia')).stock, (await named('Box Olga')).stock]).toEqual([undefined, 1, 1]);
  });

  test('is one of many: the report goes in pages', async () => {
    const rows = Array.from({ length: 130 }, (_, n) => `P-${n},,,,,,,,1,USD,1`);
    const first = await importProducts(w, mona, fileOf(...rows));
    expect([first.body.refused, first.body.report.length]).toEqual([130, 100]);
    const second = await mona.get(`/v1/imports/${first.body.id}?limit=100&cursor=${first.body.nextCursor}`);
    expect([second.body.report.map(({ row }: { row: number }) => row).at(-1), second.body.nextCursor]).toEqual([131, null]);
  });
});

describe('something that is not a file of products', () => {
  test.each([
    ['', 'It is empty.'],
    [HEADER, 'It has no rows below its header.'],
    ['id,name,price\n1,Hat,1', 'The column currency is missing.'],
    ['id,name,price,currency,colour\n1,Hat,1,USD,red', 'There is no column colour'],
    ['id,name,price,currency,name\n1,Hat,1,USD,Hat', 'The column name occurs twice.'],
    [fileOf('X-1,"Hat,,,,,,,1,USD,1'), 'It is not CSV. A quotation mark opens a cell and none closes it.'],
    [
      fileOf('X-3,Hat 5" wide,,,,,,,1,USD,1'),
      'It is not CSV. A quotation mark is in the wrong place: a cell with one stands in quotation marks, and the mark in it is written twice. Look at line 2.',
    ],
    [new Uint8Array([...Buffer.from(`${HEADER}\nX-2,Caf`), 0xe9, ...Buffer.from(',,,,,,,1,USD,1')]), 'It is not UTF-8 text.'],
  ])('is refused as a whole, and nothing of it is saved: %#', async (file, reason) => {
    const reply = await sendProducts(w, mona, file);
    expect(reply).toBeProblem(422, 'imports/unreadable');
    expect(reply.body.detail).toContain(reason);
    await w.step();
    expect(await w.sql('select 1 from imports.chunks')).toEqual([]);
  });

  test('of another type, or without the permission, is not read', async () => {
    const bob = await w.person('rob');
    expect(await sendProducts(w, mona, '{}', { 'content-type': 'application/json' })).toBeProblem(415, 'unsupported-media-type');
    expect(await sendProducts(w, bob, fileOf())).toBeProblem(403, 'forbidden');
    const { body } = await importProducts(w, mona, fileOf('Y-1,Hat Rita,,,,,,,1,USD,1'));
    expect(await bob.get(`/v1/imports/${body.id}`)).toBeProblem(403, 'forbidden');
    expect(await mona.get(`/v1/imports/${newId()}`)).toBeProblem(404, 'not-found');
    expect(await mona.get('/v1/exports/products?seller=nobody-here')).toBeProblem(404, 'not-found');
  });

  test('that breaks off in its middle leaves nothing, and says so', async () => {
    const rows = Array.from({ length: 300 }, (_, n) => `Z-${n},Zero,,,,,,,1,USD,1`);
    let parts = 0;
    const broken = new ReadableStream({
      pull(controller) {
        if (++parts > 20) controller.error(new Error('the connection ended'));
        else controller.enqueue(new TextEncoder().encode(parts === 1 ? `${fileOf()}\n` : `${rows.join('\n')}\n`));
      },
    });
    const reply = await sendProducts(w, mona, broken);
    expect(reply.status).toBeGreaterThanOrEqual(400);
    await w.step();
    expect(await named('Zero')).toBeUndefined();
    const [row] = await w.sql('select state, failure from imports.imports order by id desc limit 1');
    expect(row).toMatchObject({ state: 'failed', failure: expect.any(String) });
  });
});

test('the example of docs/imports.md can be pasted', async () => {
  const [, csv = ''] = /```csv\n([\s\S]*?)```/.exec(readFileSync('docs/imports.md', 'utf8')) ?? [];
  expect((await importProducts(w, mona, csv)).body).toMatchObject({ rows: 3, done: 3, report: [] });
  expect((await named('Linen shirt')).variants).toMatchObject([{ sku: 'SH-R-M', price: usd(49_90), stock: 20 }, { sku: 'SH-B-M' }]);
  const header = csv.split('\n', 1)[0]!.split(',');
  expect([...header, 'images']).toEqual([...columns]);
  const page = readFileSync('docs/imports.md', 'utf8');
  const [, short = ''] = [...page.matchAll(/```csv\n([\s\S]*?)```/g)].map(([, file]) => file);
  expect((await importProducts(w, mona, short)).body).toMatchObject({ rows: 2, done: 2, report: [] });
  expect((await named('Linen shirt')).variants).toMatchObject([
    { price: usd(49_90), stock: 12 },
    { options: { color: 'blue' }, stock: 0 },
  ]);
  for (const column of columns) expect(page).toContain(`\`${column}\``);
});

test('no more than five files are under way at a time', async () => {
  await w.sql(`insert into imports.imports (id, state, created_by, created_at, changed_at)
               select gen_random_uuid(), 'receiving', gen_random_uuid(), now(), now() from generate_series(1, 4)`);
  const replies = await Promise.all(Array.from({ length: 5 }, (_, n) => sendProducts(w, mona, fileOf(`Q-${n},Quilt ${n},,,,,,,1,USD,1`))));
  expect(replies.filter(({ status }) => status === 202)).toHaveLength(1);
  expect(replies.find(({ status }) => status !== 202)).toBeProblem(409, 'imports/too-many');
  w.clock.advance(minutes(30)); // those that were never sent to their end make room
  await w.step();
  const staff = await w.person('mona', ['catalog-manager']);
  expect((await sendProducts(w, staff, fileOf('Q-9,Quilt,,,,,,,1,USD,1'))).status).toBe(202);
  await w.step();
});

test('two files with the same products, saved at once, make each product once', async () => {
  const staff = await w.person('mona', ['catalog-manager']);
  const rows = Array.from({ length: 250 }, (_, n) => `TWIN-${n},Twin ${n},food,,,,T${n},,1,USD,5`);
  await Promise.all([1, 2, 3].map(() => sendProducts(w, staff, fileOf(...rows))));
  await w.step();
  const [counted] = await w.sql(
    "select count(*)::int as variants, count(distinct product_id)::int as products, sum(stock)::int as stock from catalog.variants where sku like 'T%' and sku ~ '^T[0-9]'",
  );
  expect(counted).toEqual({ variants: 250, products: 250, stock: 1250 });
});

test('a hundred rows are saved in as many statements as one', async () => {
  const staff = await w.person('mona', ['catalog-manager']);
  const rows = (from: number, count: number, stock = 5) =>
    Array.from({ length: count }, (_, n) => `MANY-${from + n},Many ${from + n},food,,,,M,,1,USD,${stock}`);
  const statementsOf = async (...of: string[]) => {
    await sendProducts(w, staff, fileOf(...of));
    const seen = await w.statements(() => w.step());
    return seen.filter((text) => /catalog\.(products|variants)\b|imports\.|inventory\./.test(text) && !/copy_stock|follow_stock/.test(text))
      .length;
  };
  await statementsOf(...rows(0, 1));
  const [one, hundred] = [await statementsOf(...rows(1, 1)), await statementsOf(...rows(10, 99))];
  expect(hundred).toBeLessThanOrEqual(one + 2);
  const [oneStock, manyStocks] = [await statementsOf(...rows(1, 1, 6)), await statementsOf(...rows(10, 99, 6))];
  expect(manyStocks).toBeLessThanOrEqual(oneStock);
});

test('what was sold between two attempts to save the same rows stays sold', async () => {
  const bob = await w.buyer('bert', { balance: usd(90_00) });
  const productId = newId();
  const attempt = (variantId: string, stock: number) => {
    const variant = { id: variantId, options: {}, price: usd(1_00), stock };
    return w.ask('catalog', 'saveProducts', { products: [{ id: productId, name: 'Jar Sanna', variants: [variant] }] });
  };
  const buys = (quantity: number) => bob.post('/v1/orders', { items: [{ productId, quantity }] });
  const stock = async () => (await w.get(`/v1/products/${productId}`)).body.stock;
  const [first, second] = [newId(), newId()];
  await attempt(first, 5);
  await buys(2);
  await attempt(first, 5);
  expect(await stock()).toBe(3);
  await attempt(second, 9);
  await buys(1);
  await attempt(second, 9);
  expect(await stock()).toBe(8);
});
