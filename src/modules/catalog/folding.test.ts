import { beforeAll, describe, expect, test } from 'vitest';
import { raw, type Sql, sql } from '#kernel/database.ts';
import { PASSWORD, usd } from '../../../test/people.ts';
import { type Person, type Reply, type World, world } from '../../../test/world.ts';
import { gatheredRows, walkedRows } from './list-statements.ts';
import { type Question, questionOf } from './product-list.ts';

/** How texts are compared: names in other forms of Unicode, digits of other scripts, brands with symbols, options that look alike. */

let w: World;
let root: Person;

beforeAll(async () => {
  w = await world();
  root = await w.admin();
  const products = [
    { name: 'هاتف ١٥', brand: 'C#' },
    { name: '한국어 책'.normalize('NFD'), brand: 'C++' },
    { name: 'ガラス'.normalize('NFD'), brand: '🪔' },
    { name: 'مُؤَسَّسة'.normalize('NFD'), brand: '🔥' },
    { name: 'Ｆｕｌｌ ｗｉｄｔｈ', brand: 'Ibis' },
    { name: 'ฟิล์ม ๑๒', brand: 'Thai' },
  ];
  for (const product of products) await root.lists({ ...product, price: usd(1_00) });
  await root.post('/v1/products', { name: 'Bolt', variants: [{ sku: 'BLT-0042/x', options: {}, price: usd(1_00), stock: 1 }] });
});

const namesOf = ({ body }: Reply): string[] => body.items.map((item: { name: string }) => item.name.normalize('NFKC'));
const list = (query: Record<string, string>): Promise<Reply> => w.get(`/v1/products?${new URLSearchParams(query)}`);

describe('a search', () => {
  test.each([
    ['هاتف 15', 'هاتف ١٥'],
    ['هاتف ١٥', 'هاتف ١٥'],
    ['هاتف ۱۵', 'هاتف ١٥'],
    ['한국어', '한국어 책'],
    ['한국어'.normalize('NFD'), '한국어 책'],
    ['ガラス', 'ガラス'],
    ['مؤسسة', 'مُؤَسَّسة'.normalize('NFKC')],
    ['full width', 'Full width'],
    ['ฟิล์ม 12', 'ฟิล์ม ๑๒'.normalize('NFKC')],
    ['BLT-0042/x', 'Bolt'],
    ['blt 0042', 'Bolt'],
  ])('for %s finds %s', async (q, name) => {
    expect(namesOf(await list({ q }))).toEqual([name]);
  });

  test('for a single letter finds that letter, not all that begins with it', async () => {
    await root.lists({ name: 'Vitamin C', price: usd(1_00) });
    expect(namesOf(await list({ q: 'c', sort: 'name' }))).toContain('Vitamin C');
    expect(namesOf(await list({ q: 'v' }))).toEqual([]);
  });
});

test.each([
  ['C#', ['هاتف ١٥']],
  ['c++', ['한국어 책']],
  ['C', []],
  ['🪔', ['ガラス']],
  ['🔥', ['مُؤَسَّسة'.normalize('NFKC')]],
  ['IBIS', ['Full width']],
])('the brand %s finds its own only', async (brand, names) => {
  expect(namesOf(await list({ brand }))).toEqual(names);
});

test.each([
  [{ color: 'Red' }, { color: 'red' }],
  [{ Color: 'Red' }, { COLOR: 'RÉD' }],
  [{ size: '١٢' }, { size: '12' }],
  [
    { a: '1', b: '2' },
    { b: '2', a: '1' },
  ],
])('variants with %j and %j are alike', async (one, other) => {
  const variants = [one, other].map((options) => ({ options, price: usd(1_00) }));
  expect(await root.post('/v1/products', { name: 'Twins', variants })).toBeProblem(409, 'catalog/variants-alike');
});

test('ten long options in a script of wide characters are taken, and sold by', async () => {
  const options = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`選項${n}`.padEnd(40, '長'), `值${n}`.padEnd(80, '寬')]));
  const made = await root.post('/v1/products', { name: 'Wide', variants: [{ options, price: usd(1_00), stock: 1 }] });
  expect(made.status).toBe(201);
  const { lines } = await w.ask<{ lines: unknown[] }>('catalog', 'price', { lines: [{ productId: made.body.id, options, quantity: 1 }] });
  expect(lines).toHaveLength(1);
  const query = Object.fromEntries(Object.entries(options).map(([name, value]) => [`option.${name}`, value]));
  expect(namesOf(await list(query))).toEqual(['Wide']);
  expect(namesOf(await list({ ...query, [`option.${Object.keys(options)[5]}`]: 'another' }))).toEqual([]);
});

test('products are found by the name of their seller in each of its compatible forms', async () => {
  const username = 'ﬁne-①';
  await w.ask('identity', 'ensureAccount', { username, password: PASSWORD, fullName: 'Fine', email: null });
  const { body } = await w.post('/v1/auth/sign-in', { username, password: PASSWORD });
  const asSeller = { authorization: `Bearer ${body.accessToken}`, 'idempotency-key': 'quill' };
  const made = await w.post('/v1/products', { name: 'Quill', price: usd(1_00), stock: 1 }, asSeller);
  await w.post(`/v1/products/${made.body.id}/submit`, {}, asSeller);
  expect((await root.post(`/v1/products/${made.body.id}/approve`)).status).toBe(200);
  for (const seller of [username, 'fine-1', 'FINE-①', 'ＦＩＮＥ-1']) expect(namesOf(await list({ seller })), seller).toEqual(['Quill']);
});

/** A search reads an index with marks of words first, made in SQL, and asks by marks that are named in TypeScript (list-words.ts). */
test('what a listing is marked with fits whatever its words are found by, in any script, with digits, and from their beginnings', async () => {
  const names = [
    'Lamp',
    'lam5p',
    'la5mp',
    '5lamp',
    'Lampe Straße',
    'Élégant',
    'مصباح ٣',
    '東京 ランプ',
    'हिन्दी दीपक',
    'ΣΊΣΥΦΟΣ',
    'İznik',
    'x² ab',
    '１２ﬁne',
    '(nova)-lamp',
  ];
  const sam = await w.seller('sam');
  for (const [index, name] of names.entries())
    await sam.lists({ name, price: usd(1_00 + index), description: names[(index + 1) % names.length]! });
  const words = [...new Set(names.flatMap((name) => [name, ...name.split(/[\s()-]+/)]))].filter((word) => word !== '');
  const asked = words.flatMap((word) => [1, 2, 3, 4, 99].map((letters) => [...word].slice(0, letters).join('')));
  const found = async (statement: Sql) => (await w.sql<{ id: string }>(statement.text, statement.values)).map(({ id }) => id);
  let hits = 0;
  for (const text of new Set(asked)) {
    const { text: understand, values } = questionOf(text, false);
    const [question] = await w.sql<Question>(understand, values);
    if (!question?.best || !question.broad) continue;
    for (const [column, asks, query] of [
      ['name_words', { named: question.best }, question.best],
      ['words', { anywhere: question.broad }, question.broad],
    ] as const) {
      const slice = { sort: 'name' as const, limit: 100, options: {}, words: asks };
      const right = await found(sql`select id from catalog.listings where ${raw(column)} @@ ${query}::tsquery order by name_key, id`);
      expect(await found(walkedRows(slice, 2500)), `${text}, walked, ${column}`).toEqual(right);
      expect(await found(gatheredRows(slice)), `${text}, gathered, ${column}`).toEqual(right);
      hits += right.length;
    }
  }
  expect(hits).toBeGreaterThan(words.length);
});
