import { randomUUID } from 'node:crypto';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { hours, minutes } from '#kernel/clock.ts';
import { derivedId } from '#kernel/ids.ts';
import { systemScope } from '#kernel/runtime.ts';
import { usd } from '../../../test/people.ts';
import { lamp } from '../../../test/sample-products.ts';
import { announcing, picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';
import { cleanUp } from './clean-up.ts';
import type { Catalog } from './context.ts';

let w: World;
let root: Person;
let sue: Person;
let bytes: Buffer;

beforeAll(async () => {
  w = await world();
});

beforeEach(async () => {
  [root, sue, bytes] = [await w.person('root', ['admin']), await w.seller('sue'), await picture('red', 200, 100)];
});

const withImage = { ...lamp, image: { ...announcing(Buffer.alloc(1)), alt: 'A lamp' } };
const lists = async (who: Person) => (await who.post('/v1/products', { ...lamp, image: announcing(bytes) })).body;
const stateOf = async (id: string) => (await w.sql<{ state: string }>('select state from catalog.products where id = $1', [id]))[0]!.state;
const cleans = () => cleanUp(w.souk.runtime.context('catalog', systemScope) as Catalog);
const told = (name: string, subject: string) =>
  w.sql<{ payload: object }>('select payload from told.outbox where name = $1 and subject = $2', [`catalog.${name}.v1`, subject]);

test('a product that is announced with an image answers where to send it, once per key', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const [made, again] = [await sue.post('/v1/products', withImage, key), await sue.post('/v1/products', withImage, key)];
  expect([made.status, made.body.state, made.body.images]).toEqual([201, 'draft', []]);
  expect(made.body.upload).toMatchObject({ state: 'awaiting_upload', upload: { method: 'PUT' } });
  expect([again.headers.get('idempotent-replayed'), again.body.upload.id]).toEqual(['true', made.body.upload.id]);
  expect((await sue.post('/v1/products', lamp)).body.upload).toBeUndefined();
});

test('what was made with an image that did not come is shown without an address to a repeated call', async () => {
  const key = { 'idempotency-key': randomUUID() };
  const category = { name: 'Tents', image: announcing(bytes) };
  const [made, tents] = [await sue.post('/v1/products', withImage, key), await root.post('/v1/categories', category, key)];
  w.clock.advance(minutes(16));
  [root, sue] = [await w.person('root', ['admin']), await w.seller('sue')];
  for (const [first, again] of [
    [made, await sue.post('/v1/products', withImage, key)],
    [tents, await root.post('/v1/categories', category, key)],
  ] as const)
    expect([again.status, again.headers.get('idempotent-replayed'), again.body.id, again.body.upload]).toEqual([
      201,
      'true',
      first.body.id,
      undefined,
    ]);
  const cutOff = randomUUID(); // a call that announced the image and made no product
  const id = derivedId('product', `${sue.id}:postProducts`, cutOff);
  const wish = { key: derivedId('product-image', id), ownerId: sue.id, purpose: 'product-image', subjectId: id, ...announcing(bytes) };
  await w.ask('media', 'discard', { ids: [(await w.ask<{ id: string }>('media', 'announce', wish)).id], reason: 'over' });
  expect(await sue.post('/v1/products', withImage, { 'idempotency-key': cutOff })).toBeProblem(409, 'media/upload-expired');
  expect(await w.sql('select id from catalog.products where id = $1', [id])).toEqual([]);
});

test('what was announced with an image that has not come after an hour is removed; its owner and operators are told', async () => {
  const [draft, submitted, shown, plain, approved, shops] = [await lists(sue), await lists(sue), await lists(sue), (await sue.post('/v1/products', lamp)).body, await lists(sue), await lists(root)]; // biome-ignore format: a list
  await sue.post(`/v1/products/${submitted.id}/submit`);
  await sendFile(w, shown.upload, bytes);
  await sue.post(`/v1/products/${approved.id}/submit`);
  await sue.delete(`/v1/products/${approved.id}/images/${approved.upload.id}`);
  await root.post(`/v1/products/${approved.id}/approve`);
  const bob = await w.buyer('bob', { balance: usd(100_00) });
  await bob.post('/v1/orders', { items: [{ productId: approved.id, quantity: 1 }] });
  await w.step();
  w.clock.advance(minutes(59));
  await w.step();
  expect(await stateOf(draft.id)).toBe('draft');
  w.clock.advance(minutes(3));
  await w.step();
  const states = [];
  for (const { id } of [draft, submitted, shown, plain, approved, shops]) states.push(await stateOf(id));
  expect(states).toEqual(['archived', 'archived', 'draft', 'draft', 'approved', 'approved']);
  expect(await told('product-cleaned-up', draft.id)).toEqual([
    { payload: { productId: draft.id, sellerId: sue.id, reason: 'never-arrived' } },
  ]);
  sue = await w.seller('sue');
  expect(await sue.get(`/v1/products/${draft.id}`)).toBeProblem(404, 'not-found');
  const notices = (await sue.get('/v1/notifications')).body.items.filter(({ kind }: { kind: string }) => kind === 'cleaned-up');
  expect(notices.length).toBeGreaterThanOrEqual(2);
  expect(notices[0].text).toContain('Lamp');
  expect(notices[0].text).toContain('image');
});

test('an image that came and was refused is the reason, in the event and in the words of the notice', async () => {
  [root, sue] = [await w.person('root', ['admin']), await w.seller('sue')];
  const product = await lists(sue);
  const { body: category } = await root.post('/v1/categories', { name: 'Refused', image: announcing(bytes) });
  const more = (await sue.post(`/v1/products/${product.id}/images`, announcing(bytes))).body; // it never comes, which says less
  for (const { upload } of [product, category]) await sendFile(w, upload, Buffer.alloc(bytes.length, 7));
  await w.step();
  expect((await sue.get(`/v1/media/${product.upload.id}`)).body.reason).toBe('not-an-image');
  for (const wait of [40, 22]) {
    w.clock.advance(minutes(wait));
    await w.step();
  }
  await w.step();
  expect(await told('product-cleaned-up', product.id)).toEqual([{ payload: { productId: product.id, sellerId: sue.id, reason: 'not-an-image' } }]); // biome-ignore format: one claim
  expect((await told('category-cleaned-up', category.id))[0]!.payload).toMatchObject({ reason: 'not-an-image' });
  [root, sue] = [await w.person('root', ['admin']), await w.seller('sue')];
  const texts = async (who: Person, language: string) =>
    (await who.get('/v1/notifications', { 'accept-language': language })).body.items.flatMap(
      ({ kind, text }: { kind: string; text: string }) => (kind === 'cleaned-up' ? [text] : []),
    );
  expect((await texts(sue, 'fr'))[0]).toContain('est refusée');
  expect((await texts(sue, 'fr'))[0]).toContain('pas une image');
  expect((await texts(root, 'ar'))[0]).toContain('ليس صورة');
  expect(more.state).toBe('awaiting_upload');
});

test('a product that is public, or was, is never removed, whatever its row says of images', async () => {
  const [shown, paused] = [await sue.lists({ ...lamp, price: usd(1_00) }), await sue.lists({ ...lamp, price: usd(1_00) })];
  await w.sql("update catalog.products set state = 'paused' where id = $1", [paused]);
  await w.sql('update catalog.products set image_due_at = $2 where id = any($1::uuid[])', [[shown, paused], w.clock.now()]);
  await cleans();
  expect([await stateOf(shown), await stateOf(paused)]).toEqual(['approved', 'paused']);
});

test('the image of a product that was removed is no longer waited for', async () => {
  const product = await lists(sue);
  await w.sql('update catalog.products set image_due_at = $2 where id = $1', [product.id, w.clock.now()]);
  await cleans();
  await w.step();
  expect((await sue.get(`/v1/media/${product.upload.id}`)).body).toMatchObject({ state: 'refused', reason: 'no-longer-needed' });
  expect(await sendFile(w, product.upload, bytes)).toBeProblem(409, 'media/upload-expired');
  expect(await w.sql('select 1 from catalog.product_images where product_id = $1', [product.id])).toEqual([]);
});

test('a product whose file has come and is being checked stays', async () => {
  const product = await lists(sue);
  await sendFile(w, product.upload, bytes); // it has come, and nothing has worked on it yet
  w.clock.advance(hours(2));
  await cleans();
  expect(await stateOf(product.id)).toBe('draft');
  await w.step();
  sue = await w.seller('sue');
  expect((await sue.get(`/v1/products/${product.id}`)).body.images).toHaveLength(1);
});

test('a category is removed with the same words, unless something names it or its image has come', async () => {
  const add = async (name: string, parent: string | null = null) =>
    (await root.post('/v1/categories', { name, parent, image: announcing(bytes) })).body;
  const [lost, used, parent, arrived] = [await add('Lost'), await add('Used'), await add('Parent'), await add('Arrived')];
  await root.lists({ ...lamp, category: 'used' });
  await root.post('/v1/categories', { name: 'Child', parent: 'parent' });
  await sendFile(w, arrived.upload, bytes);
  await w.step();
  w.clock.advance(minutes(62));
  await w.step();
  const slugs = (await w.get('/v1/categories')).body.items.map(({ slug }: { slug: string }) => slug);
  expect(slugs).toEqual(expect.arrayContaining([used.slug, parent.slug, arrived.slug]));
  expect(slugs).not.toContain(lost.slug);
  const payload = { categoryId: lost.id, slug: 'lost', createdBy: root.id, reason: 'never-arrived' };
  expect(await told('category-cleaned-up', lost.id)).toEqual([{ payload }]);
  root = await w.person('root', ['admin']);
  expect((await root.get('/v1/notifications')).body.items[0]).toMatchObject({ kind: 'cleaned-up', text: expect.stringContaining('lost') });
});

test('a file that comes at the moment of the clean-up saves its product, or is discarded with it: nothing in between', async () => {
  const hasty = await w.sibling({ IMAGE_DUE_MINUTES: '1' });
  const cleansNow = () => cleanUp(hasty.souk.runtime.context('catalog', systemScope) as Catalog);
  const outcomes: string[] = [];
  for (let round = 0; round < 8; round++) {
    sue = await hasty.seller('sue');
    root = await hasty.person('root', ['admin']);
    const product = await lists(sue);
    const { body: category } = await root.post('/v1/categories', { name: `Race ${round}`, image: announcing(bytes) });
    hasty.clock.advance(minutes(1));
    const arrives = async () => {
      await Promise.all([product, category].map(({ upload }) => sendFile(hasty, upload, bytes)));
      await hasty.step();
    };
    await (round % 2 ? Promise.all([arrives(), cleansNow()]) : Promise.all([cleansNow(), arrives()]));
    await hasty.step();
    const { status, body } = await sue.get(`/v1/products/${product.id}`);
    const media = await sue.get(`/v1/media/${product.upload.id}`);
    outcomes.push(status === 200 ? `stays ${body.images.length} ${media.body.state}` : `removed ${media.body.state}`);
    const known = (await hasty.get('/v1/categories')).body.items.find(({ id }: { id: string }) => id === category.id);
    const image = await root.get(`/v1/media/${category.upload.id}`);
    expect(['shown attached', 'removed refused']).toContain(known ? `${known.image ? 'shown' : 'without'} ${image.body.state}` : `removed ${image.body.state}`); // biome-ignore format: one claim
  }
  for (const outcome of outcomes) expect(['stays 1 attached', 'removed refused']).toContain(outcome);
});

test('an approval at the moment of the clean-up: the product is public or removed', async () => {
  for (let round = 0; round < 4; round++) {
    [root, sue] = [await w.person('root', ['admin']), await w.seller('sue')];
    const product = await lists(sue);
    await sue.post(`/v1/products/${product.id}/submit`);
    await sue.delete(`/v1/products/${product.id}/images/${product.upload.id}`);
    await w.sql('update catalog.products set image_due_at = $2 where id = $1', [product.id, w.clock.now()]);
    const [approved] = await Promise.all([root.post(`/v1/products/${product.id}/approve`), cleans()]);
    expect([[200, 'approved'], [404, 'archived']]).toContainEqual([approved.status, await stateOf(product.id)]); // biome-ignore format: two results
  }
});
