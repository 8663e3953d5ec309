import { beforeAll, describe, expect, test } from 'vitest';
import { PLATFORM_SELLER } from '#catalog';
import { tnd, usd } from '../../../test/people.ts';
import { type Person, type Reply, type World, world } from '../../../test/world.ts';

let w: World;
let root: Person;
let sue: Person;

const PRODUCTS = [
  {
    name: 'Téléphone Nova',
    category: 'phone',
    type: 'Smartphone',
    brand: 'Nova',
    price: usd(300_00),
    description: 'Un téléphone robuste.',
  },
  { name: 'Phone case', category: 'accessories', type: 'Case', brand: 'Luma', price: usd(9_00), description: 'Fits every Nova.' },
  { name: 'Lamp', category: 'electronics', type: 'Lighting', brand: 'Luma', price: usd(20_00), description: 'Bends.' },
  {
    name: 'Lamp shade',
    category: 'electronics',
    type: 'Lighting',
    brand: 'Orion',
    price: usd(12_00),
    stock: 0,
    description: 'For a lamp.',
  },
  { name: 'Desk', category: 'electronics', type: 'Furniture', brand: 'Orion', price: usd(120_00), description: 'Room for a lamp.' },
  { name: 'قهوة تونسية', category: 'food', type: 'قهوة', brand: 'تونس', price: tnd(12_500), description: 'قَهْوَة لذيذة' },
  { name: 'Éclair', category: 'food', type: 'Pastry', brand: 'Crème & Co', price: usd(4_00), description: '' },
  {
    ...{ name: 'Shirt', category: 'clothes', brand: 'Medina' },
    variants: [
      { options: { Color: 'Red', size: 'M' }, price: usd(15_00), stock: 1 },
      { options: { Color: 'Blue', size: 'L' }, price: usd(16_00), stock: 1 },
    ],
  },
];

beforeAll(async () => {
  w = await world();
  [root, sue] = [await w.admin(), await w.seller('sue')];
  await w.sql("update catalog.products set state = 'archived', pending = null"); // demo products, where there are any
  for (const product of PRODUCTS)
    await root.lists({ price: usd(1), ...product, ...('variants' in product ? { price: undefined } : {}) } as never);
  await sue.lists({ name: 'Soap', category: 'accessories', type: 'Soap', brand: 'Sue', price: usd(3_00) });
  await w.step();
});

const list = (query: Record<string, string>): Promise<Reply> => w.get(`/v1/products?${new URLSearchParams(query)}`);
const names = (reply: Reply): string[] => reply.body.items.map((item: { name: string }) => item.name);

/** Every page of a list, in order. */
async function everything(
  query: Record<string, string>,
  between: () => Promise<unknown> = async () => {},
): Promise<{ id: string; name: string }[]> {
  const items: { id: string; name: string }[] = [];
  for (let cursor: string | null = null, pages = 0; pages < 200; pages++) {
    const reply = await list(cursor === null ? query : { ...query, cursor });
    items.push(...reply.body.items);
    cursor = reply.body.nextCursor;
    if (cursor === null) return items;
    expect(reply.headers.get('link')).toContain(encodeURIComponent(cursor).slice(0, 20));
    await between();
  }
  throw new Error('the list does not end');
}

describe('filters', () => {
  const filters: [query: Record<string, string>, found: string[]][] = [
    [{ category: 'phone' }, ['Téléphone Nova']],
    [{ category: 'nowhere' }, []],
    [{ brand: 'luma' }, ['Lamp', 'Phone case']],
    [{ brand: 'creme & CO' }, ['Éclair']],
    [{ type: 'lighting' }, ['Lamp shade', 'Lamp']],
    [{ type: 'lighting', inStock: 'true' }, ['Lamp']],
    [{ type: 'lighting', inStock: 'false' }, ['Lamp shade', 'Lamp']],
    [{ category: 'electronics', brand: 'Orion' }, ['Desk', 'Lamp shade']],
    [{ seller: 'SUE' }, ['Soap']],
    [{ seller: 'ｓｕｅ' }, ['Soap']],
    [{ sellerId: PLATFORM_SELLER.id, category: 'accessories' }, ['Phone case']],
    [{ seller: 'nobody' }, []],
    [{ minPrice: '400', maxPrice: '1200' }, ['Éclair', 'Lamp shade', 'Phone case']],
    [{ minPrice: '400', maxPrice: '1200', sort: 'price' }, ['Éclair', 'Phone case', 'Lamp shade']],
    [{ minPrice: '400', maxPrice: '1200', sort: '-price', inStock: 'true' }, ['Phone case', 'Éclair']],
    [{ currency: 'TND' }, ['قهوة تونسية']],
    [{ currency: 'TND', maxPrice: '12499' }, []],
    [{ maxPrice: '400', minPrice: '401' }, []],
    [{ 'option.color': 'red' }, ['Shirt']],
    [{ 'option.color': 'red', 'option.size': 'm' }, ['Shirt']],
    [{ 'option.color': 'red', 'option.size': 'L' }, []],
    [{ q: 'lamp', category: 'electronics', maxPrice: '2000' }, ['Lamp shade', 'Lamp']],
    [{ q: 'lamp', brand: 'Orion', sort: 'price' }, ['Lamp shade', 'Desk']],
    [{ q: 'lamp', 'option.color': 'red' }, []],
  ];
  test.each(filters)('%j', async (query, found) => {
    expect(names(await list(query))).toEqual(found);
    expect((await everything({ ...query, limit: '1' })).map(({ name }) => name)).toEqual(found);
  });
});

describe('orders', () => {
  const orders: [sort: string, first: string[]][] = [
    ['newest', ['Soap', 'Shirt', 'Éclair']],
    ['name', ['Desk', 'Éclair', 'Lamp', 'Lamp shade']],
    ['price', ['قهوة تونسية', 'Soap', 'Éclair', 'Phone case']],
    ['-price', ['Téléphone Nova', 'Desk', 'Lamp']],
  ];
  test.each(orders)('by %s', async (sort, first) => {
    expect(names(await list({ sort })).slice(0, first.length)).toEqual(first);
  });

  test('by rating: the better first, and of equals the one with more of them', async () => {
    const ratings: [string, number | null, number][] = [
      ['Lamp', 4.5, 2],
      ['Desk', 4.5, 30],
      ['Shirt', 5, 1],
      ['Soap', 1, 9],
    ];
    for (const [name, average, count] of ratings) {
      const [product] = await w.sql<{ id: string }>('select id from catalog.products where name = $1', [name]);
      await w.ask('catalog', 'rate', { productId: product!.id, count, average, version: 1 });
    }
    expect(names(await list({ sort: 'rating', limit: '4' }))).toEqual(['Shirt', 'Desk', 'Lamp', 'Soap']);
  });
});

describe('searching', () => {
  const searches: [q: string, found: string[]][] = [
    ['lamp', ['Lamp shade', 'Lamp', 'Desk']],
    ['LAMP shade', ['Lamp shade']],
    ['lam', ['Lamp shade', 'Lamp', 'Desk']],
    ['lampp', ['Lamp shade', 'Lamp', 'Desk']],
    ['lmap', ['Lamp shade', 'Lamp', 'Desk']],
    ['telephone', ['Téléphone Nova']],
    ['telefone', ['Téléphone Nova']],
    ['Télephone', ['Téléphone Nova']],
    ['te\u0301le\u0301phone', ['Téléphone Nova']],
    ['eclair', ['Éclair']],
    ['nova phone', ['Phone case', 'Téléphone Nova']],
    ['case nova', ['Phone case']],
    ['smartphone', ['Téléphone Nova']],
    ['قهوه', ['قهوة تونسية']],
    ['قَهْوَة', ['قهوة تونسية']],
    ['قهوة تونسسية', ['قهوة تونسية']],
    ['red shirt', ['Shirt']],
    ['orion', ['Desk', 'Lamp shade']],
    ['xyzzy', []],
    ['!!! --', []],
    ["'; drop table catalog.words; --", []],
    ["lamp':* | 'x", []],
    ['lamp & !lamp', ['Lamp shade', 'Lamp', 'Desk']],
    ['%', []],
    ['a'.repeat(300), []],
    [Array.from({ length: 60 }, (_, n) => `w${n}`).join(' '), []],
  ];
  test.each(searches)('for %j', async (q, found) => {
    const reply = await list({ q });
    expect(reply.status).toBe(200);
    expect(names(reply)).toEqual(found);
    expect((await everything({ q, limit: '1' })).map(({ name }) => name)).toEqual(found);
  });

  test('finds no draft, and no word of one', async () => {
    await sue.post('/v1/products', { name: 'Zyxwvut', price: usd(1_00) });
    expect(names(await list({ q: 'zyxwvut' }))).toEqual([]);
  });
});

describe('pages', () => {
  test('of equal sort values lose no row and repeat none, in every order, while rows are inserted', async () => {
    const shop = await world();
    const admin = await shop.admin();
    const fetchPages = async (query: Record<string, string>, between: () => Promise<unknown>) => {
      const seen: string[] = [];
      for (let cursor: string | null = null; ; ) {
        const { body }: Reply = await shop.get(`/v1/products?${new URLSearchParams({ ...query, ...(cursor ? { cursor } : {}) })}`);
        seen.push(...body.items.map((item: { id: string }) => item.id));
        cursor = body.nextCursor;
        if (cursor === null) return seen;
        await between();
      }
    };
    const ids: string[] = [];
    for (let n = 0; n < 23; n++)
      ids.push(await admin.lists({ name: 'Twin lamp', category: 'food', brand: 'Twins', price: usd(7_00), stock: 1 }));
    await shop.sql("update catalog.listings set created_at = '2026-01-01 00:00:00.123456+00' where name_key = 'twin lamp'");
    const narrowed = { category: 'food', brand: 'twins' };
    const queries: Record<string, string>[] = [
      ...['newest', 'name', 'price', '-price', 'rating'].flatMap((sort): Record<string, string>[] => [
        { sort, category: 'food' },
        { sort, ...narrowed },
        { sort, q: 'twin' },
      ]),
      { q: 'twin' },
      { q: 'twin', ...narrowed },
      { q: 'twinn' },
    ];
    for (const query of queries) {
      const seen = await fetchPages({ ...query, limit: '10' }, () =>
        admin.lists({ name: 'Twin lamp', category: 'food', brand: 'Twins', price: usd(7_00), stock: 1 }),
      );
      expect(new Set(seen).size, JSON.stringify(query)).toBe(seen.length);
      expect(
        ids.filter((id) => !seen.includes(id)),
        JSON.stringify(query),
      ).toEqual([]);
    }
  });

  test('take a cursor of their own list and order only, and only as it was given', async () => {
    const { nextCursor } = (await list({ limit: '2' })).body;
    const [body, mac] = nextCursor.split('.');
    const forged = Buffer.from(JSON.stringify(['2026-01-01', 'x'])).toString('base64url');
    for (const cursor of [`${nextCursor}x`, body, `${forged}.${mac}`, `${body}.`, 'x', "' or 1=1"])
      expect(await list({ limit: '2', cursor })).toBeProblem(400, 'malformed');
    const others: Record<string, string>[] = [{ sort: 'name' }, { category: 'food' }, { q: 'lamp' }, { 'option.color': 'red' }];
    for (const other of others) {
      expect(await list({ limit: '2', cursor: nextCursor, ...other })).toBeProblem(400, 'malformed');
    }
    expect((await list({ limit: '5', cursor: nextCursor })).status).toBe(200);
  });

  test('refuse what is no filter value', async () => {
    const wrong: Record<string, string>[] = [
      { limit: '0' },
      { limit: '101' },
      { limit: 'x' },
      { minPrice: '-1' },
      { minPrice: '1.5' },
      { currency: 'XXX' },
      { sort: 'best' },
      { inStock: 'yes' },
      { state: 'sold' },
      { q: 'x'.repeat(301) },
      { brand: 'a\u0000' },
      { seller: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' },
      { sellerId: 'sue' },
      { seller: 'sue', sellerId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' },
      { 'option.color': 'x'.repeat(81) },
      { 'option.': 'red' },
      Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`option.o${n}`, 'x'])),
    ];
    for (const query of wrong) expect(await list(query), JSON.stringify(query)).toBeProblem(422, 'invalid');
    expect(await list({ sort: 'relevance' })).toBeProblem(400, 'malformed');
  });

  test('cost one statement, with filters three, a search one more for its words and two for a second tier, a product two', async () => {
    const id = (await list({ limit: '1' })).body.items[0].id;
    expect(await w.statements(() => list({}))).toHaveLength(1);
    expect(await w.statements(() => list({ category: 'food', sort: 'price' }))).toHaveLength(1);
    expect(await w.statements(() => list({ inStock: 'true' }))).toHaveLength(2);
    expect(await w.statements(() => list({ brand: 'Luma', maxPrice: '5000' }))).toHaveLength(3);
    expect(await w.statements(() => list({ q: 'lamp', sort: 'price' }))).toHaveLength(4);
    expect(await w.statements(() => list({ q: 'lamp', brand: 'Luma', maxPrice: '5000' }))).toHaveLength(6);
    expect(await w.statements(() => list({ q: 'lampp' }))).toHaveLength(11);
    expect(await w.statements(() => list({ q: 'z' }))).toHaveLength(6); // there is nothing else that one letter may mean
    expect(await w.statements(() => w.get(`/v1/products/${id}`))).toHaveLength(2);
  });
});

describe('what is not public', () => {
  test('is listed for its seller, and for staff, newest first', async () => {
    const ann = await w.person('ann');
    const made: string[] = [];
    for (const name of ['One', 'Two', 'Three']) made.unshift((await ann.post('/v1/products', { name, price: usd(1_00) })).body.id);
    const ids = (reply: Reply) => reply.body.items.map((item: { id: string }) => item.id);
    for (const seller of ['seller=ann', 'seller=ANN', `sellerId=${ann.id}`, `sellerId=${ann.id.toUpperCase()}`])
      expect(ids(await ann.get(`/v1/products?${seller}&state=draft`)), seller).toEqual(made);
    expect(ids(await root.get(`/v1/products?sellerId=${ann.id}&state=draft`))).toEqual(made);
    expect(await sue.get(`/v1/products?sellerId=${ann.id}&state=draft`)).toBeProblem(403, 'forbidden');
    const first = await ann.get('/v1/products?seller=ann&state=draft&limit=2');
    const rest = await ann.get(`/v1/products?seller=ann&state=draft&limit=2&cursor=${first.body.nextCursor}`);
    expect([...ids(first), ...ids(rest)]).toEqual(made);
    expect(rest.body.nextCursor).toBeNull();
    expect(ids(await root.get('/v1/products?seller=ann&state=draft'))).toEqual(made);
    expect(ids(await root.get('/v1/products?seller=nobody&state=draft'))).toEqual([]);
    expect(ids(await root.get('/v1/products?state=draft')).slice(0, 3)).toEqual(made);
    expect(ids(await ann.get('/v1/products?seller=ann'))).toEqual([]);
    for (const query of ['seller=ann&state=draft', 'state=draft', 'state=pending']) {
      expect(await sue.get(`/v1/products?${query}`)).toBeProblem(403, 'forbidden');
      expect(await w.get(`/v1/products?${query}`)).toBeProblem(401, 'unauthenticated');
    }
  });
});
