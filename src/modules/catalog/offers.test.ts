import { beforeAll, describe, expect, test } from 'vitest';
import { PLATFORM_SELLER } from '#catalog';
import { newId } from '#kernel/ids.ts';
import { type Person, usd } from '../../../test/people.ts';
import { draftOf, shirt } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let root: Person;

beforeAll(async () => {
  w = await world();
  [sue, root] = [await w.seller('sue'), await w.admin()];
});

describe('what others ask of the catalog', () => {
  const price = (...lines: object[]) => w.ask<{ lines: Record<string, unknown>[] }>('catalog', 'price', { lines });

  test('prices lines in the order asked, in one statement', async () => {
    const { body: red } = await root.post('/v1/products', shirt);
    const cheap = await sue.lists({ name: 'Cheap', price: usd(1_00) });
    let priced: { lines: Record<string, unknown>[] } | undefined;
    const statements = await w.statements(async () => {
      priced = await price(
        { productId: cheap, quantity: 2 },
        { productId: red.id, options: { size: 'L' }, quantity: 1 },
        { variantId: red.variants[0].id, quantity: 3 },
        { productId: cheap, quantity: 1 },
      );
    });
    expect(statements).toHaveLength(1);
    expect(priced!.lines).toMatchObject([
      { productId: cheap, name: 'Cheap', quantity: 2, unitPrice: usd(1_00), options: {}, seller: { id: sue.id, username: 'sue' } },
      { variantId: red.variants[1].id, unitPrice: usd(16_00), quantity: 1, seller: PLATFORM_SELLER },
      { variantId: red.variants[0].id, unitPrice: usd(15_00), quantity: 3 },
      { productId: cheap, quantity: 1 },
    ]);
  });

  test('asks which variant when several fit, and takes the one that has no more options than asked', async () => {
    const { body } = await root.post('/v1/products', {
      name: 'Cable',
      variants: [
        { options: { length: '1 m' }, price: usd(5_00), stock: 1 },
        { options: { length: '1 m', color: 'white' }, price: usd(6_00), stock: 1 },
        { options: { length: '2 m' }, price: usd(7_00), stock: 1 },
      ],
    });
    expect((await price({ productId: body.id, options: { length: '1 m' }, quantity: 1 })).lines[0]).toMatchObject({ unitPrice: usd(5_00) });
    expect((await price({ productId: body.id, options: { COLOR: 'White' }, quantity: 1 })).lines[0]).toMatchObject({
      unitPrice: usd(6_00),
    });
    await expect(price({ productId: body.id, quantity: 1 })).rejects.toMatchObject({
      code: 'catalog/variant-needed',
      extra: { variants: expect.any(Array) },
    });
  });

  test('knows only what is for sale', async () => {
    const draft = await draftOf(sue);
    const { variants } = (await sue.get(`/v1/products/${draft}`)).body;
    const other = await sue.lists({ price: usd(1_00) });
    const { body: shirts } = await root.post('/v1/products', shirt);
    expect((await price({ productId: shirts.id, variantId: shirts.variants[0].id, quantity: 1 })).lines).toHaveLength(1);
    for (const line of [
      { productId: other, variantId: shirts.variants[0].id },
      { productId: draft },
      { variantId: variants[0].id },
      { productId: newId() },
      { productId: other, variantId: variants[0].id },
      {},
    ]) {
      await expect(price({ ...line, quantity: 1 })).rejects.toMatchObject({ code: 'catalog/unknown-product' });
    }
  });

  test('finds a product by its name, letter case aside, with its stock of this moment', async () => {
    const id = await root.lists({ name: 'Crème Brûlée', price: usd(4_00), stock: 3 });
    const find = (name: string) => w.ask<Record<string, unknown>>('catalog', 'productByName', { name });
    for (const name of ['Crème Brûlée', 'CRÈME BRÛLÉE', 'creme brulee']) expect(await find(name)).toMatchObject({ id, stock: 3 });
    const plain = await root.lists({ name: 'Creme Brulee', price: usd(3_00) });
    expect(await find('creme brulee')).toMatchObject({ id: plain });
    expect(await find('crème brûlée')).toMatchObject({ id });
    await root.lists({ name: 'creme brulee', price: usd(2_00) });
    await expect(find('Creme Brulee')).rejects.toMatchObject({
      code: 'catalog/name-not-unique',
      extra: { ids: expect.arrayContaining([plain]) },
    });
    await expect(find('Creme')).rejects.toMatchObject({ code: 'catalog/unknown-product' });
  });

  test('lists the products that are in stock by name, page by page', async () => {
    const world2 = await world();
    const shop = await world2.admin();
    for (const name of ['Zebra', 'apple', 'Éclair', 'apple', 'Date', 'Sold out'])
      await shop.lists({ name, price: usd(1_00), stock: name === 'Sold out' ? 0 : 2 });
    const names: string[] = [];
    for (let after: { name: string; id: string } | null = null; ; ) {
      const found: { name: string; productId: string; stock: number }[] = await world2.ask('catalog', 'productsByName', {
        after,
        limit: 2,
      });
      names.push(...found.map(({ name }) => name));
      const last = found.at(-1);
      if (!last) break;
      after = { name: last.name, id: last.productId };
    }
    const own = names.filter((name) => ['Zebra', 'apple', 'Éclair', 'Date', 'Sold out'].includes(name));
    expect(own).toEqual(['apple', 'apple', 'Date', 'Éclair', 'Zebra']);
  });

  test('lists the categories', async () => {
    const { body } = await w.get('/v1/categories');
    expect(body.items.map(({ slug }: { slug: string }) => slug)).toEqual([
      'food',
      'clothes',
      'accessories',
      'electronics',
      'phone',
      'computer',
    ]);
    expect(body.nextCursor).toBeNull();
  });
});
