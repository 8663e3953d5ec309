import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { minutes, seconds } from '#kernel/clock.ts';
import { systemScope } from '#kernel/runtime.ts';
import { importProducts } from '../../../test/importing.ts';
import { usd } from '../../../test/people.ts';
import { draftOf, lamp, shirt } from '../../../test/sample-products.ts';
import { announcing, picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';
import { followStock } from './follow-stock.ts';

let w: World;
let root: Person;
let sue: Person;
let rita: Person;

beforeAll(async () => {
  w = await world();
  [root, sue, rita] = [await w.admin(), await w.seller('sue'), await w.person('rita', ['catalog-manager'])];
  await w.sql("update catalog.products set state = 'archived', pending = null"); // demo products, where there are any
});

const queue = async (query = '') => (await rita.get(`/v1/product-approvals${query}`)).body;

test('the queue of reviewers shows what waits, the longest first, since when, and how many', async () => {
  const shown = await sue.lists({ ...lamp, name: 'Shown' });
  const first = await draftOf(sue, { ...lamp, name: 'First' });
  await draftOf(sue, { ...lamp, name: 'Only a draft' });
  await sue.post(`/v1/products/${first}/submit`);
  w.clock.advance(minutes(4));
  await sue.patch(`/v1/products/${shown}`, { name: 'Shown anew' });
  w.clock.advance(minutes(1));
  await sue.patch(`/v1/products/${shown}`, { description: 'Brighter.' }); // it waits since its first change

  const { items, count, nextCursor } = await queue();
  expect([count, nextCursor]).toEqual([2, null]);
  expect(items).toMatchObject([
    { product: { id: first, name: 'First', seller: { id: sue.id, username: 'sue' } }, waits: ['product'], ageSeconds: 300 },
    { product: { id: shown, name: 'Shown' }, waits: expect.arrayContaining(['name', 'description']), ageSeconds: 60 },
  ]);
  const page = await queue('?limit=1');
  expect(page.count).toBe(2);
  expect((await queue(`?limit=1&cursor=${page.nextCursor}`)).items).toMatchObject([{ product: { id: shown } }]);

  await rita.post(`/v1/products/${shown}/reject`, { reason: 'No.' });
  await rita.post(`/v1/products/${first}/approve`);
  expect(await queue()).toEqual({ items: [], count: 0, nextCursor: null });
  w.clock.advance(minutes(2));
  await sue.patch(`/v1/products/${shown}`, { name: 'Again' });
  expect((await queue()).items).toMatchObject([{ waits: ['name'], ageSeconds: 0 }]);
});

describe('only the parts of a change that differ from the public product wait for review', () => {
  const fr = { name: 'Lampe', description: 'Elle plie.' };
  let id: string;
  beforeEach(async () => {
    id = await sue.lists({ ...lamp, translations: { fr } });
  });
  const change = async (who: Person, patch: object) => (await who.patch(`/v1/products/${id}`, patch)).body;
  const isQueued = async () => (await queue()).items.some(({ product }: { product: { id: string } }) => product.id === id);

  test('a form that repeats the old texts with a new price takes effect at once', async () => {
    const { name, description } = lamp;
    const whole = await change(sue, { name, description, translations: { fr }, price: usd(7_00) });
    expect([whole.pending, whole.price, await isQueued()]).toEqual([undefined, usd(7_00), false]);
    expect((await change(sue, { name: 'Other', description, translations: { fr: { ...fr, name: 'Autre' } } })).pending).toEqual({
      name: 'Other',
      translations: { fr: { name: 'Autre' } },
    });
    expect(await isQueued()).toBe(true);
  });

  test('a change that its seller takes back no longer waits', async () => {
    await change(sue, { name: 'Other', description: 'Else.' });
    expect((await change(sue, { name: lamp.name })).pending).toEqual({ description: 'Else.' });
    expect([(await change(sue, { description: lamp.description })).pending, await isQueued()]).toEqual([undefined, false]);
    expect(await rita.post(`/v1/products/${id}/approve`)).toBeProblem(409, 'catalog/wrong-state');
    w.clock.advance(seconds(30));
    await change(sue, { name: 'Anew' });
    expect((await queue()).items.at(-1)).toMatchObject({ product: { id }, ageSeconds: 0 });
  });

  test('an approval does not undo corrections that staff have made meanwhile', async () => {
    await change(sue, { name: 'Other', description: lamp.description, translations: { fr: { ...fr, name: 'Autre' } } });
    await change(root, { description: 'It bends well.', translations: { fr: { description: 'Elle plie bien.' } } });
    const { body } = await rita.post(`/v1/products/${id}/approve`);
    expect(body).toMatchObject({ name: 'Other', description: 'It bends well.' });
    expect(body.translations).toEqual({ fr: { name: 'Autre', description: 'Elle plie bien.' } });
  });

  test('if staff make the same change, also by a file, nothing is left to decide', async () => {
    await change(sue, { name: 'Other', translations: { fr: null, ar: { name: 'مصباح' } } });
    expect((await change(root, { name: 'Other', translations: { fr: null } })).pending).toEqual({
      translations: { ar: { name: 'مصباح' } },
    });
    const cell = JSON.stringify({ ar: { name: 'مصباح' } }).replaceAll('"', '""');
    await importProducts(w, root, `id,name,price,currency,translations\n${id},Other,20,USD,"${cell}"`);
    const { pending, translations } = (await sue.get(`/v1/products/${id}`)).body;
    expect([pending, translations, await isQueued()]).toEqual([undefined, { ar: { name: 'مصباح' } }, false]);
    w.clock.advance(seconds(30));
    await change(sue, { description: 'Else.' });
    await importProducts(w, root, `id,name,price,currency\n${id},By file,20,USD`);
    expect(await change(sue, { brand: 'Nova' })).toMatchObject({ name: 'By file', pending: { description: 'Else.' } });
    expect((await queue()).items.at(-1)).toMatchObject({ product: { id, name: 'By file' }, waits: ['description'] });
  });
});

describe('a product that was announced with an image', () => {
  const announced = async (bytes: Buffer) => {
    const { body } = await sue.post('/v1/products', { ...lamp, image: announcing(bytes) });
    await sue.post(`/v1/products/${body.id}/submit`);
    return body;
  };
  const approve = (id: string) => rita.post(`/v1/products/${id}/approve`);
  const awaits = async (id: string) =>
    (await queue()).items.find(({ product }: { product: { id: string } }) => product.id === id).awaitsImage;

  test('is approved once the image is there, and then shows it', async () => {
    const bytes = await picture('navy', 200, 100);
    const { id, upload } = await announced(bytes);
    expect(await approve(id)).toBeProblem(409, 'catalog/image-outstanding');
    expect((await rita.get(`/v1/products/${id}`)).body.state).toBe('submitted');
    expect(await awaits(id)).toBe(true);
    await sendFile(w, upload, bytes);
    expect(await approve(id)).toBeProblem(409, 'catalog/image-outstanding'); // it is not checked yet
    await w.step();
    expect(await awaits(id)).toBe(false);
    expect((await approve(id)).body).toMatchObject({ state: 'approved', images: [{ id: upload.id }] });
  });

  test('is approved without it where the file was refused, or its owner expects it no more; and rejected at any time', async () => {
    const bytes = Buffer.from('this is no picture');
    const [refused, dropped, rejected] = [await announced(bytes), await announced(bytes), await announced(bytes)];
    await sendFile(w, refused.upload, bytes);
    await w.step();
    expect((await rita.get(`/v1/products/${refused.id}`)).body.images).toEqual([]);
    expect((await approve(refused.id)).body.state).toBe('approved');
    await sue.delete(`/v1/products/${dropped.id}/images/${dropped.upload.id}`);
    expect((await approve(dropped.id)).body.state).toBe('approved');
    expect((await rita.post(`/v1/products/${rejected.id}/reject`, { reason: 'No.' })).body.state).toBe('rejected');
  });

  test('is not approved as a draft, whether its image has come or not', async () => {
    const { id } = (await sue.post('/v1/products', { ...lamp, image: announcing(Buffer.from('not here')) })).body;
    expect(await approve(id)).toBeProblem(409, 'catalog/wrong-state');
  });

  test('that gets another image waits for none but the first, and one announced later holds up no approval', async () => {
    const bytes = await picture('olive', 200, 100);
    const { id } = await announced(bytes);
    const second = (await sue.post(`/v1/products/${id}/images`, announcing(bytes))).body;
    await sendFile(w, second, bytes);
    await w.step();
    expect((await approve(id)).body.state).toBe('approved');
    const plain = await draftOf(sue, { ...lamp, name: 'Plain' });
    await sue.post(`/v1/products/${plain}/submit`);
    await sue.post(`/v1/products/${plain}/images`, announcing(bytes));
    expect(await awaits(plain)).toBe(false);
    expect((await approve(plain)).body.state).toBe('approved');
  });
});

describe('who has a product among their favorites is told by events', () => {
  const told = async (name: string, productId: string) =>
    (
      await w.sql<{ payload: object }>(`select payload from told.outbox where name = $1 and payload->>'productId' = $2 order by seq`, [
        `catalog.${name}.v1`,
        productId,
      ])
    ).map(({ payload }) => payload);

  test('that the price of a variant has changed, of a public product alone', async () => {
    const { body: product } = await root.post('/v1/products', shirt);
    const [red, large, blue] = product.variants;
    const variants = [{ ...red, price: usd(12_00) }, large, { ...blue, price: { amount: 9_000, currency: 'USD' } }];
    const sent = variants.map(({ id, options, price }) => ({ id, options, price }));
    await root.patch(`/v1/products/${product.id}`, { variants: sent });
    await root.patch(`/v1/products/${product.id}`, { variants: sent });
    expect(await told('price-changed', product.id)).toEqual([
      { productId: product.id, variantId: red.id, currency: 'USD', from: 15_00, to: 12_00 },
      { productId: product.id, variantId: blue.id, currency: 'USD', from: 14_00, to: 9_000 },
    ]);
    const draft = await draftOf(sue);
    await sue.patch(`/v1/products/${draft}`, { price: usd(1_00) });
    expect(await told('price-changed', draft)).toEqual([]);
  });

  test('that what was sold out can be bought again, once, however often and in whichever order levels come', async () => {
    const product = await root.lists({ price: usd(1_00), stock: 0 });
    const [variant] = (await w.get(`/v1/products/${product}`)).body.variants;
    const stock = (change: number) => root.post(`/v1/products/${product}/stock`, { change, reason: 'delivery' });
    await w.step();
    await stock(5);
    await w.step();
    await stock(3);
    await w.step();
    await w.tellAgain('inventory.levels-changed.v1');
    await w.step();
    expect(await told('back-in-stock', product)).toEqual([{ productId: product, variantId: variant.id }]);
    expect((await w.get('/v1/products?sort=newest&inStock=true')).body.items[0]).toMatchObject({ id: product, stock: 8 });

    await stock(-8);
    await w.step();
    const level = { variantId: variant.id, available: 2, version: 100 };
    await Promise.all(Array.from({ length: 5 }, () => followStock(w.souk.runtime.context('catalog', systemScope).db, [level])));
    expect(await told('back-in-stock', product)).toHaveLength(2);
  });
});
