import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { whileHeld } from '../../../test/held.ts';
import { lamp } from '../../../test/sample-products.ts';
import { type Person, type World, world } from '../../../test/world.ts';

let w: World;
let root: Person;
let rita: Person;

beforeAll(async () => {
  w = await world();
  [root, rita] = [await w.admin(), await w.person('rita', ['catalog-manager'])];
});

interface Category {
  id: string;
  slug: string;
  version: number;
}

async function category(body: object): Promise<Category> {
  const made = await rita.post('/v1/categories', body);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body;
}

const inCategory = async (slug: string, more = ''): Promise<string[]> =>
  (await w.get(`/v1/products?category=${slug}&limit=100${more}`)).body.items.map((item: { name: string }) => item.name);
const listed = async (slug: string): Promise<unknown> =>
  (await w.get('/v1/categories')).body.items.find((item: Category) => item.slug === slug);

describe('adding a category', () => {
  test('puts it last in the public list, with a slug made of its name', async () => {
    const made = await rita.post('/v1/categories', { name: 'Écouteurs & casques' });
    expect(made.body).toMatchObject({ slug: 'ecouteurs-casques', name: 'Écouteurs & casques', parent: null, version: 1 });
    expect(made.headers.get('etag')).toBe('"1"');
    const { items } = (await w.get('/v1/categories')).body;
    expect(items.at(-1)).toEqual(made.body);
    expect((await rita.post('/v1/categories', { name: 'سماعات' })).body.slug).toMatch(/^category-[0-9a-f]{12}$/);
  });

  test('twice under one key is once, in a crowd too; another body under it is refused', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 6 }, () => rita.post('/v1/categories', { name: 'Once' }, key)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    expect(await rita.post('/v1/categories', { name: 'Twice' }, key)).toBeProblem(422, 'idempotency-key-reused');
  });

  test('is in a list that goes in pages', async () => {
    const all = (await w.get('/v1/categories')).body;
    const first = await w.get('/v1/categories?limit=2');
    expect([first.body.items, first.headers.get('link')]).toEqual([all.items.slice(0, 2), expect.stringContaining('rel="next"')]);
    expect((await w.get(`/v1/categories?limit=2&cursor=${first.body.nextCursor}`)).body.items).toEqual(all.items.slice(2, 4));
    expect(await w.get('/v1/categories?cursor=x')).toBeProblem(400, 'malformed');
    expect(await w.get('/v1/categories?limit=101')).toBeProblem(422, 'invalid');
  });

  test('is refused under a slug that is taken, below a category that is not there, on a fifth level, and beyond a thousand', async () => {
    expect(await rita.post('/v1/categories', { name: 'Food' })).toBeProblem(409, 'catalog/slug-taken');
    expect(await rita.post('/v1/categories', { name: 'Lost', parent: 'nowhere' })).toBeProblem(409, 'catalog/unknown-category');
    expect(await rita.post('/v1/categories', { name: 'Bad', slug: 'No Slug' })).toBeProblem(422, 'invalid');
    for (const [name, parent] of [
      ['L2', 'food'],
      ['L3', 'l2'],
      ['L4', 'l3'],
    ])
      await category({ name, parent });
    expect(await rita.post('/v1/categories', { name: 'L5', parent: 'l4' })).toBeProblem(409, 'catalog/category-misplaced');
    await w.sql(`insert into catalog.categories (id, slug, name, path, position)
                 select gen_random_uuid(), 'many-' || n, 'Many', array['many-' || n], 5000 from generate_series(1, 1000) as n`);
    expect(await rita.post('/v1/categories', { name: 'Late' })).toBeProblem(409, 'catalog/too-many-categories');
    await w.sql("delete from catalog.categories where slug like 'many-%'");
  });
});

describe('a list of a category', () => {
  test('also shows the products of the categories below it, alone and with other filters, page by page', async () => {
    await category({ name: 'Sound', parent: 'electronics' });
    await category({ name: 'Earphones', parent: 'sound' });
    for (const [name, slug] of [
      ['Amplifier', 'sound'],
      ['Earbuds', 'earphones'],
      ['Microscope', 'electronics'],
    ])
      await root.lists({ ...lamp, name, category: slug, brand: 'Tunes' });
    expect(await inCategory('earphones')).toEqual(['Earbuds']);
    expect(await inCategory('sound')).toEqual(['Earbuds', 'Amplifier']);
    expect((await inCategory('electronics')).slice(0, 3)).toEqual(['Microscope', 'Earbuds', 'Amplifier']);
    expect(await inCategory('sound', '&type=desk%20lamp&sort=name')).toEqual(['Amplifier', 'Earbuds']);
    expect(await inCategory('electronics', '&brand=tunes&inStock=true')).toEqual(['Microscope', 'Earbuds', 'Amplifier']);
    expect(await inCategory('sound', '&q=earbuds')).toEqual(['Earbuds']);
    const first = await w.get('/v1/products?category=sound&limit=1&sort=name');
    const second = await w.get(`/v1/products?category=sound&limit=1&sort=name&cursor=${first.body.nextCursor}`);
    expect([...first.body.items, ...second.body.items].map(({ name }: { name: string }) => name)).toEqual(['Amplifier', 'Earbuds']);
    expect(second.body.nextCursor).toBeNull();
  });

  test('is one statement, and one more where other filters apply and the category leads', async () => {
    await root.lists({ ...lamp, name: 'Counted', category: 'sound' });
    const selects = async (path: string) => (await w.statements(() => root.get(path))).filter((text) => /from catalog\./.test(text)).length;
    expect(await selects('/v1/products?category=electronics&limit=20')).toBe(1);
    expect(await selects('/v1/products?limit=20')).toBe(1);
  });

  test('follows when a category with all below it is moved, and when it is renamed, some hundred products at a time', async () => {
    const [wood, toys] = [await category({ name: 'Wooden' }), await category({ name: 'Playthings' })];
    await category({ name: 'Trains', parent: 'wooden' });
    const train = await root.lists({ ...lamp, name: 'Train', category: 'trains' });
    await w.sql(
      `with copied as (
         insert into catalog.products (id, seller_id, created_at, state, seller_username, name, category, description, document)
         select gen_random_uuid(), seller_id, created_at, state, seller_username, name || ' ' || n, category, description, document
         from catalog.products, generate_series(1, 450) as n where id = $1 returning id
       ), sold as (
         insert into catalog.variants (id, product_id, position, options, price_amount, price_currency, stock, stock_version)
         select gen_random_uuid(), id, 0, '{}', 1, 'USD', 1, 1 from copied
       ) select 1`,
      [train],
    );
    await w.sql("select catalog.list_anew(array(select id from catalog.products where category = 'trains'))");
    const count = async (condition: string) =>
      (await w.sql<{ n: number }>(`select count(*)::int as n from catalog.listings where ${condition}`))[0]!.n;

    const moved = await rita.patch(`/v1/categories/${wood.id}`, { parent: 'playthings' }, { 'if-match': '"1"' });
    expect([moved.status, moved.body.parent, moved.headers.get('etag')]).toEqual([200, 'playthings', '"2"']);
    await w.step();
    expect(await count("category_1 = 'playthings' and category_2 = 'wooden' and category_3 = 'trains'")).toBe(451);
    expect(await count("tags @> '{category:playthings,category:wooden,category:trains}'")).toBe(451);
    expect(await inCategory('playthings')).toHaveLength(100);
    expect((await w.sql("select 1 from kernel.audit where operation = 'patchCategoriesById' and subject = $1", [wood.id])).length).toBe(1);

    const trains = (await w.get('/v1/categories')).body.items.find((item: Category) => item.slug === 'trains');
    await rita.patch(`/v1/categories/${trains.id}`, { name: 'Locomotives' });
    await w.step();
    expect((await w.get('/v1/products?q=locomotives&limit=2')).body.items).toHaveLength(2);
    expect(await count("words @@ 'locomotives'")).toBe(451);
    await rita.patch(`/v1/categories/${toys.id}`, { position: 1 });
    expect(await w.sql("select 1 from catalog.listings listing join catalog.listed(array(select id from catalog.products)) as made using (id) where made is distinct from listing")).toEqual([]); // biome-ignore format: one statement
  });
});

describe('changing a category', () => {
  test('never makes a circle, nor a fifth level, however many move at once', async () => {
    const [a, b] = [await category({ name: 'Ring A' }), await category({ name: 'Ring B' })];
    const move = (id: string, parent: string | null) => rita.patch(`/v1/categories/${id}`, { parent });
    expect(await move(a.id, 'ring-a')).toBeProblem(409, 'catalog/category-misplaced');
    const both = await Promise.all([move(a.id, 'ring-b'), move(b.id, 'ring-a')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect((await w.sql('select 1 from catalog.categories where cardinality(path) > 4')).length).toBe(0);
    const circle = w.sql("update catalog.categories set parent = 'ring-a', path = '{ring-b,ring-a,ring-b}' where slug = 'ring-b'");
    await expect(circle).rejects.toThrow(/categories_/); // whoever writes it
    const deep = await category({ name: 'Deep' });
    for (const [name, parent] of [
      ['Level 2', 'clothes'],
      ['Level 3', 'level-2'],
      ['Level 4', 'level-3'],
    ])
      await category({ name, parent });
    await category({ name: 'Deeper', parent: 'deep' });
    expect(await move(deep.id, 'level-3')).toBeProblem(409, 'catalog/category-misplaced');
  });

  test('keeps the slug of what is in use, and gives a new one to what nothing names', async () => {
    const made = await category({ name: 'Sandals' });
    const renamed = await rita.patch(`/v1/categories/${made.id}`, { slug: 'summer-shoes' });
    expect(renamed.body).toMatchObject({ slug: 'summer-shoes', name: 'Sandals' });
    const product = await root.lists({ ...lamp, category: 'summer-shoes' });
    expect(await rita.patch(`/v1/categories/${made.id}`, { slug: 'shoes' })).toBeProblem(409, 'catalog/category-in-use');
    await root.delete(`/v1/products/${product}`);
    expect((await rita.patch(`/v1/categories/${made.id}`, { slug: 'shoes' })).status).toBe(200);
    expect(await rita.patch(`/v1/categories/${made.id}`, { slug: 'food' })).toBeProblem(409, 'catalog/slug-taken');
  });

  test('refuses a version that was not read, and what is not there', async () => {
    const made = await category({ name: 'Versioned' });
    await rita.patch(`/v1/categories/${made.id}`, { name: 'Versioned twice' });
    for (const nothing of [{}, { name: 'Versioned twice', image: null }])
      expect((await rita.patch(`/v1/categories/${made.id}`, nothing)).body.version).toBe(2);
    expect(await rita.patch(`/v1/categories/${made.id}`, { name: 'x' }, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    expect(await rita.delete(`/v1/categories/${made.id}`, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    expect(await rita.patch(`/v1/categories/${made.id}`, { parent: 'nowhere' })).toBeProblem(409, 'catalog/unknown-category');
    expect(await rita.patch(`/v1/categories/${randomUUID()}`, { name: 'x' })).toBeProblem(404, 'not-found');
  });
});

describe('deleting a category', () => {
  test('is refused while a product or a category names it, and takes it from archived products', async () => {
    const made = await category({ name: 'Doomed' });
    const below = await category({ name: 'Below', parent: 'doomed' });
    const product = await root.lists({ ...lamp, category: 'below' });
    expect(await rita.delete(`/v1/categories/${made.id}`)).toBeProblem(409, 'catalog/category-in-use');
    const archived = await root.lists({ ...lamp, category: 'below' });
    await root.delete(`/v1/products/${archived}`);
    expect(await rita.delete(`/v1/categories/${below.id}`)).toBeProblem(409, 'catalog/category-in-use');
    const [{ category: still }] = (await w.sql<{ category: string }>('select category from catalog.products where id = $1', [archived])) as [{ category: string }]; // biome-ignore format: one row
    expect(still).toBe('below'); // what is refused changes nothing
    await root.delete(`/v1/products/${product}`);
    expect((await rita.delete(`/v1/categories/${below.id}`)).status).toBe(204);
    expect((await rita.delete(`/v1/categories/${made.id}`)).status).toBe(204);
    expect(await listed('doomed')).toBeUndefined();
    expect(await rita.delete(`/v1/categories/${made.id}`)).toBeProblem(404, 'not-found');
    expect(await root.post('/v1/products', { ...lamp, category: 'doomed' })).toBeProblem(409, 'catalog/unknown-category');
  });

  test('at the moment when another is added below it is refused', async () => {
    const { id } = await category({ name: 'Above' });
    const by = `insert into catalog.categories (id, slug, name, parent, path, position)
      values (gen_random_uuid(), 'late', 'Late', 'above', '{above,late}', 999)`;
    expect(await whileHeld(w, { by, waiting: 1 }, () => rita.delete(`/v1/categories/${id}`))).toBeProblem(409, 'catalog/category-in-use');
  });

  test('at the moment when a product is listed in it: one of the two is refused, never neither', async () => {
    for (let n = 0; n < 5; n++) {
      const made = await category({ name: `Contested ${n}` });
      const [deleted, product] = await Promise.all([
        rita.delete(`/v1/categories/${made.id}`),
        root.post('/v1/products', { ...lamp, category: made.slug }),
      ]);
      expect([
        [204, 409],
        [409, 201],
      ]).toContainEqual([deleted.status, product.status]);
    }
  });
});
