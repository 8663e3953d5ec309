import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { seconds } from '#kernel/clock.ts';
import { draftOf, lamp } from '../../../test/sample-products.ts';
import { announcing, picture, sendFile } from '../../../test/uploading.ts';
import { type Person, type World, world } from '../../../test/world.ts';

let w: World;
let root: Person;
let sue: Person;
let bytes: Buffer;

beforeAll(async () => {
  w = await world();
  [root, sue, bytes] = [await w.admin(), await w.seller('sue'), await picture('red', 200, 100)];
});

const announces = async (who: Person, product: string, alt = '') => {
  const reply = await who.post(`/v1/products/${product}/images`, announcing(bytes, { alt }));
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return reply.body;
};
/** Announces images and sends their files. @returns their ids. */
async function adds(who: Person, product: string, ...alts: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const alt of alts) {
    const upload = await announces(who, product, alt);
    expect((await sendFile(w, upload, bytes)).status).toBe(200);
    await w.step();
    ids.push(upload.id);
  }
  return ids;
}
const altsOf = (images: { alt: string }[]) => images.map(({ alt }) => alt);
const publicAlts = async (product: string) => altsOf((await w.get(`/v1/products/${product}`)).body.images);
const seen = async (who: Person, product: string) => (await who.get(`/v1/products/${product}`)).body;
/** How an upload stands, or why it was refused. */
const stateOf = async (who: Person, id: string): Promise<string> => {
  const { body } = await who.get(`/v1/media/${id}`);
  return body.reason ?? body.state;
};

describe('images of a product', () => {
  test('are announced, sent and shown in their order, in lists and in the product, from stored documents', async () => {
    const product = await root.lists(lamp);
    const upload = await root.post(`/v1/products/${product}/images`, announcing(bytes, { alt: 'Front' }));
    expect([upload.headers.get('location'), upload.body.state]).toEqual([`/v1/media/${upload.body.id}`, 'awaiting_upload']);
    expect(await publicAlts(product)).toEqual([]);
    await sendFile(w, upload.body, bytes);
    await w.step();
    await adds(root, product, 'Back');
    const shown = await seen(root, product);
    expect(shown.images).toMatchObject([{ id: upload.body.id, alt: 'Front', width: 200, height: 100 }, { alt: 'Back' }]);
    expect((await w.fetch(new URL(shown.images[0].url).pathname)).headers.get('content-type')).toBe('image/jpeg');
    expect(await stateOf(root, upload.body.id)).toBe('attached');

    for (let n = 0; n < 19; n++) await root.lists({ ...lamp, name: `Beside it ${n}` });
    const statements = await w.statements(async () => {
      const { items } = (await root.get('/v1/products?limit=20')).body;
      expect([items.length, altsOf(items.at(-1).images)]).toEqual([20, ['Front', 'Back']]);
    });
    expect(statements.filter((text) => /catalog\./.test(text))).toHaveLength(1);
  });

  test('that come while a product waits for its approval do not change since when it waits', async () => {
    const product = await draftOf(sue);
    w.clock.advance(seconds(120));
    const upload = await announces(sue, product);
    await sue.post(`/v1/products/${product}/submit`);
    await sendFile(w, upload, bytes);
    await w.step();
    const { items } = (await root.get('/v1/product-approvals')).body;
    expect(items.find((each: { product: { id: string } }) => each.product.id === product).ageSeconds).toBeLessThan(100);
    await root.post(`/v1/products/${product}/approve`);
  });

  test('of a draft are shown at once; of an approved product of a seller they wait, and the approved ones stay public', async () => {
    const product = await draftOf(sue);
    await adds(sue, product, 'First');
    expect(await seen(sue, product)).toMatchObject({ images: [{ alt: 'First' }], state: 'draft' });
    await sue.post(`/v1/products/${product}/submit`);
    await root.post(`/v1/products/${product}/approve`);
    const [second] = await adds(sue, product, 'Second');
    expect(await publicAlts(product)).toEqual(['First']);
    const waiting = await seen(sue, product);
    expect(altsOf(waiting.pending.images)).toEqual(['First', 'Second']);
    expect((await root.get('/v1/product-approvals')).body.items).toMatchObject([{ product: { id: product }, waits: ['images'] }]);
    const [first] = waiting.images;

    const ordered = await sue.put(`/v1/products/${product}/images`, { images: [{ id: second, alt: 'Better' }, { id: first.id }] });
    expect(altsOf(ordered.body.pending.images)).toEqual(['Better', 'First']);
    await root.post(`/v1/products/${product}/approve`, undefined, { 'if-match': ordered.headers.get('etag')! });
    expect(await publicAlts(product)).toEqual(['Better', 'First']);

    await sue.delete(`/v1/products/${product}/images/${first.id}`);
    expect(await publicAlts(product)).toEqual(['Better', 'First']);
    await root.post(`/v1/products/${product}/reject`, { reason: 'It belongs to it.' });
    expect((await seen(sue, product)).pending).toBeUndefined();
    await sue.delete(`/v1/products/${product}/images/${first.id}`);
    await root.post(`/v1/products/${product}/approve`);
    await w.step();
    expect([await publicAlts(product), await stateOf(sue, first.id), await stateOf(sue, second!)]).toEqual([
      ['Better'],
      'no-longer-needed',
      'attached',
    ]);
    await sue.put(`/v1/products/${product}/images`, { images: [{ id: second }] });
    expect((await seen(sue, product)).pending).toBeUndefined(); // as it is shown: nothing waits
  });

  test('are never shown by staff before their review: what waits goes on waiting, whatever staff do to what is shown', async () => {
    const staff = await w.person('merchant', ['catalog-manager']);
    const key = await w.partner('warehouse', ['catalog:write']);
    const product = await draftOf(sue);
    const [a, b] = await adds(sue, product, 'A', 'B');
    await sue.post(`/v1/products/${product}/submit`);
    await root.post(`/v1/products/${product}/approve`);
    const [c] = await adds(sue, product, 'C');
    const path = `/v1/products/${product}/images`;
    const stands = async () => {
      const { images, pending } = await seen(sue, product);
      return [altsOf(images), pending ? altsOf(pending.images) : null];
    };
    expect(await key.post(`/v1/products/${product}/approve`)).toBeProblem(403, 'forbidden');

    expect((await key.put(path, { images: [{ id: b, alt: 'B by staff' }, { id: a }] })).status).toBe(200);
    expect(await stands()).toEqual([['B by staff', 'A'], ['B by staff', 'A', 'C']]); // biome-ignore format: one claim
    const unreviewed = await key.put(path, { images: [{ id: a }, { id: c }] });
    expect(unreviewed).toBeProblem(409, 'catalog/image-in-review');
    expect(unreviewed.body.ids).toEqual([c]);
    const [d] = await adds(staff, product, 'D');
    expect(await stands()).toEqual([['B by staff', 'A', 'D'], ['B by staff', 'A', 'C', 'D']]); // biome-ignore format: one claim
    expect((await key.delete(`${path}/${a}`)).status).toBe(200);
    expect(await stands()).toEqual([['B by staff', 'D'], ['B by staff', 'C', 'D']]); // biome-ignore format: one claim

    await sue.put(path, { images: [{ id: c, alt: 'C anew' }, { id: d }, { id: b }] }); // the seller's own order and words go on waiting
    await sue.put(path, { images: [{ id: d, alt: 'D of sue' }, { id: c }, { id: b }] });
    expect((await stands())[1]).toEqual(['D of sue', 'C anew', 'B by staff']);
    await key.put(path, {
      images: [
        { id: b, alt: 'B' },
        { id: d, alt: 'D by staff' },
      ],
    });
    expect(await stands()).toEqual([['B', 'D by staff'], ['D of sue', 'C anew', 'B']]); // biome-ignore format: one claim
    await key.put(path, { images: [{ id: d }] });
    expect(await stands()).toEqual([['D by staff'], ['D of sue', 'C anew']]); // biome-ignore format: one claim
    await w.step();
    const states = await Promise.all([a, b, c].map((id) => stateOf(sue, id!)));
    expect(states).toEqual(['no-longer-needed', 'no-longer-needed', 'attached']);
    await root.post(`/v1/products/${product}/approve`);
    expect(await stands()).toEqual([['D of sue', 'C anew'], null]);

    const [e] = await adds(sue, product, 'E');
    await key.delete(`${path}/${e}`); // what waits is removed by staff, and nothing is left to decide
    expect(await stands()).toEqual([['D of sue', 'C anew'], null]);
    await sue.put(path, { images: [] });
    await key.delete(`${path}/${c}`);
    expect(await stands()).toEqual([['D of sue'], []]);
    await key.delete(`${path}/${d}`);
    expect(await stands()).toEqual([[], null]); // as the seller wanted it: nothing waits
  });

  test('that were rejected, dropped or belong to an archived product are let go', async () => {
    const product = await sue.lists(lamp);
    const [rejected] = await adds(sue, product, 'Rejected');
    await root.post(`/v1/products/${product}/reject`, { reason: 'Blurred.' });
    const [shown] = await adds(root, product, 'By staff');
    expect(await publicAlts(product)).toEqual(['By staff']);
    const underWay = await announces(sue, product);
    expect((await root.delete(`/v1/products/${product}`)).status).toBe(204);
    await w.step();
    const states = [await stateOf(sue, rejected!), await stateOf(root, shown!), await stateOf(sue, underWay.id)];
    expect(states).toEqual(Array(3).fill('no-longer-needed'));
  });

  test('of somebody else are not there, unknown ones are refused, and a version that was not read', async () => {
    const [product, other] = [await draftOf(sue), await draftOf(sue)];
    const bob = await w.person('bob');
    const [image] = await adds(sue, product, 'Mine');
    expect(await bob.post(`/v1/products/${product}/images`, announcing(bytes))).toBeProblem(404, 'not-found');
    expect(await bob.put(`/v1/products/${product}/images`, { images: [] })).toBeProblem(404, 'not-found');
    expect(await sue.delete(`/v1/products/${other}/images/${image}`)).toBeProblem(404, 'not-found');
    const foreign = await sue.put(`/v1/products/${other}/images`, { images: [{ id: image }] });
    expect(foreign).toBeProblem(409, 'catalog/unknown-image');
    expect(foreign.body.ids).toEqual([image]);
    const stale = { 'if-match': '"1"' };
    expect(await sue.put(`/v1/products/${product}/images`, { images: [] }, stale)).toBeProblem(412, 'version-mismatch');
    expect(await sue.delete(`/v1/products/${product}/images/${image}`, stale)).toBeProblem(412, 'version-mismatch');
    expect((await sue.put(`/v1/products/${product}/images`, { images: [] })).body.images).toEqual([]);
  });

  test('are twenty at most, however many are announced at once; those that never come make room', async () => {
    const product = await draftOf(sue);
    const replies = await Promise.all(Array.from({ length: 23 }, () => sue.post(`/v1/products/${product}/images`, announcing(bytes))));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(20);
    for (const reply of replies.filter(({ status }) => status !== 201)) expect(reply).toBeProblem(409, 'catalog/too-many-images');
    const upload = replies.find(({ status }) => status === 201)!.body;
    expect((await sue.delete(`/v1/products/${product}/images/${upload.id}`)).status).toBe(200);
    await w.step();
    expect(await stateOf(sue, upload.id)).toBe('no-longer-needed');
    const junk = Buffer.from('no image, whatever its name says');
    const refused = (await sue.post(`/v1/products/${product}/images`, announcing(junk))).body;
    await sendFile(w, refused, junk);
    await w.step();
    expect(await w.sql('select 1 from catalog.product_images where id = $1', [refused.id])).toEqual([]);
    expect((await seen(sue, product)).images).toEqual([]);
  });

  test('under one key are one upload', async () => {
    const product = await draftOf(sue);
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 5 }, () => sue.post(`/v1/products/${product}/images`, announcing(bytes), key)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    const other = await sue.post(`/v1/products/${product}/images`, announcing(bytes, { alt: 'Other' }), key);
    expect(other).toBeProblem(422, 'idempotency-key-reused');
  });
});

test('an image that came to nothing is announced again under a new key only', async () => {
  const [sue, key] = [await w.seller('sue'), { 'idempotency-key': randomUUID() }];
  const { id } = (await sue.post('/v1/products', lamp)).body;
  const category = await root.post('/v1/categories', { name: 'Kites' });
  for (const [who, path] of [
    [sue, `/v1/products/${id}/images`],
    [root, `/v1/categories/${category.body.id}/image`],
  ] as const) {
    const { body } = await who.post(path, announcing(bytes), key);
    await w.ask('media', 'discard', { ids: [body.id], reason: 'over' });
    expect(await who.post(path, announcing(bytes), key), path).toBeProblem(409, 'media/upload-expired');
    expect((await who.post(path, announcing(bytes), { 'idempotency-key': randomUUID() })).status, path).toBe(201);
  }
});

describe('an image that comes at the same moment', () => {
  test('as others: all are shown, each once, in any order of arrival and however often media tells of them', async () => {
    const product = await draftOf(sue);
    const uploads = [];
    for (let n = 0; n < 6; n++) uploads.push(await announces(sue, product, `Side ${n}`));
    await Promise.all(uploads.map((upload) => sendFile(w, upload, bytes)));
    await w.step();
    await w.tellAgain('media.image-ready.v1', 'catalog.tell-media');
    await w.step();
    const { images } = await seen(sue, product);
    expect(altsOf(images).sort()).toEqual([0, 1, 2, 3, 4, 5].map((n) => `Side ${n}`));
    expect(await stateOf(sue, uploads[3]!.id)).toBe('attached');
  });

  test('as the approval: it is approved with it or waits, never lost', async () => {
    for (let n = 0; n < 4; n++) {
      const product = await draftOf(sue);
      await sue.post(`/v1/products/${product}/submit`);
      const upload = await announces(sue, product, 'Late');
      await sendFile(w, upload, bytes);
      await Promise.all([w.step(), root.post(`/v1/products/${product}/approve`)]);
      await w.step();
      const { images, pending, state } = await seen(sue, product);
      expect(state).toBe('approved');
      expect([...altsOf(images), ...altsOf(pending?.images ?? [])]).toEqual(['Late']);
      expect(await stateOf(sue, upload.id)).toBe('attached');
    }
  });

  test('as its removal, or as that of the product: it is gone, and media lets it go', async () => {
    for (let n = 0; n < 4; n++) {
      const product = await draftOf(sue);
      const upload = await announces(sue, product, 'Late');
      await sendFile(w, upload, bytes);
      const path = n % 2 ? `/v1/products/${product}` : `/v1/products/${product}/images/${upload.id}`;
      const [, removed] = await Promise.all([w.step(), sue.delete(path)]);
      expect(removed.status).toBeLessThan(300);
      await w.step();
      expect(await stateOf(sue, upload.id)).toBe('no-longer-needed');
      expect(await w.sql('select 1 from catalog.product_images where id = $1', [upload.id])).toEqual([]);
    }
  });
});

describe('the image of a category', () => {
  test('is announced with it or later, is shown once it has come, and goes when another comes or it is removed', async () => {
    const key = { 'idempotency-key': randomUUID() };
    const body = { name: 'Drones', image: announcing(bytes, { alt: 'A drone' }) };
    const [made, again] = [await root.post('/v1/categories', body, key), await root.post('/v1/categories', body, key)];
    expect([made.status, made.body.image, again.body.upload.id]).toEqual([201, null, made.body.upload.id]);
    const shown = async () => (await w.get('/v1/categories')).body.items.find(({ id }: { id: string }) => id === made.body.id).image;
    await sendFile(w, made.body.upload, bytes);
    await w.step();
    expect(await shown()).toMatchObject({ id: made.body.upload.id, alt: 'A drone' });

    const next = await root.post(`/v1/categories/${made.body.id}/image`, announcing(bytes, { alt: 'Two drones' }));
    await sendFile(w, next.body, bytes);
    await w.step();
    expect(await shown()).toMatchObject({ id: next.body.id, alt: 'Two drones' });
    expect(await stateOf(root, made.body.upload.id)).toBe('no-longer-needed');
    await root.patch(`/v1/categories/${made.body.id}`, { image: null });
    await w.step();
    expect([await shown(), await stateOf(root, next.body.id)]).toEqual([null, 'no-longer-needed']);
    expect(await root.post(`/v1/categories/${randomUUID()}/image`, announcing(bytes))).toBeProblem(404, 'not-found');
  });
});
