import { beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { systemScope } from '#kernel/runtime.ts';
import { type Person, usd } from '../../../test/people.ts';
import { readableLog } from '../../../test/readable-log.ts';
import { lamp, shirt } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';
import { compareCopies } from './compare-copies.ts';
import type { Catalog } from './context.ts';

const { log, lines } = readableLog();
let w: World;
let root: Person;
let id: string;
let variant: string;
let sold: string;

beforeAll(async () => {
  w = await world({ log });
  root = await w.admin();
  id = (await root.post('/v1/products', { ...shirt, category: 'clothes', brand: 'Medina' })).body.id;
  sold = await root.lists({ ...lamp, price: usd(3_00), stock: 0 });
  [{ id: variant }] = (await w.sql<{ id: string }>('select id from catalog.variants where product_id = $1 order by position', [id])) as [
    { id: string },
  ];
  await w.step();
});

const turn = () => compareCopies(w.souk.runtime.context('catalog', systemScope) as unknown as Catalog);
const warnings = () => lines().filter(({ msg }) => String(msg).startsWith('copies of products differed'));

/** All that is derived, as text. */
const copies = async () => ({
  products: await w.sql(
    'select id, document, name_key, price_currency, price_amount from catalog.products where id = any($1::uuid[]) order by id',
    [[id, sold]],
  ),
  listings: await w.sql('select listings::text as row from catalog.listings order by id'),
  variants: await w.sql('select id, stock, stock_version from catalog.variants order by id'),
});

async function repairs(copy: string): Promise<number> {
  const { body } = await w.get('/metrics');
  return Number(new RegExp(`souk_copies_repaired_total\\{module="catalog",copy="${copy}"\\} (\\d+)`).exec(body)?.[1] ?? 0);
}

const BROKEN: [what: string, copy: string, by: string][] = [
  ['a document with another name', 'documents', `update catalog.products set document = replace(document, 'Shirt', 'Skirt') where id = $1`],
  ['a document that is no JSON', 'documents', `update catalog.products set document = '{' where id = $1`],
  ['a document without translations', 'documents', `update catalog.products set document = document::jsonb - 'translations' where id = $1`],
  ['a name key', 'listings', `update catalog.products set name_key = 'a' where id = $1`],
  ['a price', 'listings', 'update catalog.products set price_amount = 1 where id = $1'],
  ['a listing that is gone', 'listings', 'delete from catalog.listings where id = $1'],
  ['the words of a listing', 'listings', `update catalog.listings set words = '' where id = $1`],
  ['the marks of a listing', 'listings', `update catalog.listings set marks = B'0'::bit(512) where id = $1`],
  ['the price of a listing', 'listings', 'update catalog.listings set price_rank = 5 where id = $1'],
  ['the rating of a listing', 'listings', 'update catalog.listings set rating_rank = 5 where id = $1'],
  ['the tags of a listing', 'listings', `update catalog.listings set tags = '{}' where id = $1`],
  ['a listing as sold out', 'listings', 'update catalog.listings set in_stock = not in_stock where id = $1'],
  ['the time of a listing', 'listings', 'update catalog.listings set created_at = created_at + $$1 day$$ where id = $1'],
  ['stock', 'stock', 'update catalog.variants set stock = stock + 4 where product_id = $1 and position = 0'],
  [
    'stock that claims to be newer than it is',
    'stock',
    'update catalog.variants set stock = 9, stock_version = 99 where product_id = $1 and position = 0',
  ],
];

test.each(BROKEN)('%s that was changed behind its back is repaired, counted and logged', async (_, copy, statement) => {
  const before = await copies();
  const counted = await repairs(copy);
  const said = warnings().length;
  await w.sql(statement, [id]);
  expect(await copies()).not.toEqual(before);

  await turn();

  expect(await copies()).toEqual(before);
  expect((await repairs(copy)) - counted).toBe(1);
  expect(warnings().slice(said)).toMatchObject([{ level: 40, repaired: { [copy]: { count: 1 } } }]);
});

test('what is as it should be is left alone', async () => {
  const said = warnings().length;
  const before = await copies();
  await turn();
  await turn();
  expect(await copies()).toEqual(before);
  expect(warnings()).toHaveLength(said);
});

test('a listing of something that is not public is taken away', async () => {
  const draft = (await (await w.person('sue')).post('/v1/products', lamp)).body.id;
  await w.sql(
    `insert into catalog.listings select (jsonb_populate_record(known, jsonb_build_object('id', unlisted))).*
     from catalog.listings known, unnest($2::uuid[]) as unlisted where known.id = $1`,
    [id, [draft, newId()]],
  );
  expect((await w.sql('select from catalog.listings')).length).toBe(4);
  await turn();
  expect((await w.sql<{ id: string }>('select id from catalog.listings')).map((row) => row.id).sort()).toEqual([id, sold].sort());
});

test('stock whose event is on its way is left to the event, and copied when the event is lost', async () => {
  await w.step();
  const counted = await repairs('stock');
  const stock = async () => (await w.get('/v1/products?q=shirt')).body.items[0].variants[0].stock;
  await w.ask('inventory', 'take', { key: newId(), lines: [{ variantId: variant, quantity: 1 }] });
  await turn();
  expect([await stock(), await repairs('stock')]).toEqual([2, counted]);
  await w.sql('delete from kernel.outbox');
  await turn();
  expect([await stock(), (await repairs('stock')) - counted]).toEqual([1, 1]);
  await turn();
  expect((await repairs('stock')) - counted).toBe(1);
});

test('what a suspended seller still sells is paused, and what is still paused of another is sold again', async () => {
  const bea = await w.seller('bea');
  const [cup, bowl] = [await bea.lists({ name: 'Cup', price: usd(1_00) }), await bea.lists({ name: 'Bowl', price: usd(1_00) })];
  const states = async () =>
    (await w.sql('select state from catalog.products where id = any($1::uuid[])', [[cup, bowl]])).map((row) => row.state);
  for (const [statement, state] of [
    ['insert into catalog.suspended_sellers (seller_id) values ($1)', 'paused'],
    ['delete from catalog.suspended_sellers where seller_id = $1', 'approved'],
  ] as const) {
    const counted = await repairs('pauses');
    await w.sql(statement, [bea.id]);
    await turn();
    expect(await repairs('pauses')).toBe(counted); // the job may be on its way
    await turn();
    await w.step();
    expect(await states()).toEqual([state, state]);
    expect((await repairs('pauses')) - counted).toBe(2);
  }
});

test('a turn compares 200 products in a catalog of any size, and the next one goes on from there', async () => {
  await w.sql('update catalog.comparison set after = null');
  const few = await w.statements(turn);
  await w.sql(
    `with made as (
       insert into catalog.products (id, seller_id, seller_username, state, name, description, created_at)
       select gen_random_uuid(), seller_id, seller_username, 'approved', 'Many ' || n, '', created_at from catalog.products, generate_series(1, 450) as n where id = $1
       returning id
     )
     insert into catalog.variants (id, product_id, position, options, price_amount, price_currency, stock, stock_version)
     select gen_random_uuid(), id, 0, '{}', 100, 'USD', 1, 0 from made`,
    [id],
  );
  const listed = async () => Number((await w.sql<{ count: string }>('select count(*) from catalog.listings'))[0]!.count);
  const before = await listed();
  const after = [];
  const many = await w.statements(turn);
  for (let n = 0; n < 2; n++) {
    after.push((await listed()) - before);
    await turn();
  }
  after.push((await listed()) - before);
  expect(after[0]).toBeGreaterThan(180);
  expect(after[0]).toBeLessThanOrEqual(200);
  expect(after[1]).toBeLessThanOrEqual(400);
  expect(after[2]).toBe(450);
  expect(many.length).toBeLessThanOrEqual(few.length + 5); // the repair, whatever the number
});
