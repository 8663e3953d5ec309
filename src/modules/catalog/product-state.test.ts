import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { draftOf } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let reviewer: Person;

beforeAll(async () => {
  w = await world();
  [sue, reviewer] = [await w.seller('sue'), await w.person('rita', ['catalog-manager'])];
});

describe('the states of a product', () => {
  test('a draft is submitted, rejected with a reason, mended, submitted again and approved; then everybody sees it', async () => {
    const id = await draftOf(sue);
    expect((await sue.post(`/v1/products/${id}/submit`)).body).toMatchObject({ state: 'submitted' });
    expect((await reviewer.get('/v1/products?state=submitted')).body.items.map((item: { id: string }) => item.id)).toContain(id);
    await reviewer.post(`/v1/products/${id}/reject`, { reason: 'Say how bright it is.' });
    expect((await sue.get(`/v1/products/${id}`)).body).toMatchObject({ state: 'rejected', rejection: 'Say how bright it is.' });
    await sue.patch(`/v1/products/${id}`, { description: 'It bends, 400 lumen.' });
    await sue.post(`/v1/products/${id}/submit`);
    expect((await w.get(`/v1/products/${id}`)).status).toBe(404);
    const approved = await reviewer.post(`/v1/products/${id}/approve`);
    expect(approved.body).toMatchObject({ state: 'approved', description: 'It bends, 400 lumen.' });
    expect(approved.body.rejection).toBeUndefined();
    expect((await w.get(`/v1/products/${id}`)).body).toMatchObject({ id, state: 'approved', seller: { username: 'sue' } });
  });

  test('publishing sends one event', async () => {
    const id = await draftOf(sue);
    await sue.post(`/v1/products/${id}/submit`);
    await reviewer.post(`/v1/products/${id}/approve`);
    const told = await w.sql("select payload from told.outbox where name = 'catalog.product-published.v1' and subject = $1", [id]);
    expect(told).toEqual([{ payload: { productId: id, sellerId: sue.id } }]);
  });

  test('a new name of an approved product waits, while the approved one stays; its price changes at once', async () => {
    const id = await sue.lists({ name: 'Candle', price: usd(3_00) });
    const changed = await sue.patch(`/v1/products/${id}`, { name: 'Golden candle', description: 'Not gold.', price: usd(2_50) });
    expect(changed.body).toMatchObject({ name: 'Candle', price: usd(2_50), pending: { name: 'Golden candle', description: 'Not gold.' } });
    const seen = (await w.get(`/v1/products/${id}`)).body;
    expect(seen).toMatchObject({ name: 'Candle', price: usd(2_50), state: 'approved' });
    expect(seen.pending).toBeUndefined();
    expect((await reviewer.get('/v1/products?state=pending')).body.items.map((item: { id: string }) => item.id)).toContain(id);

    await reviewer.post(`/v1/products/${id}/approve`);
    expect((await w.get(`/v1/products/${id}`)).body).toMatchObject({ name: 'Golden candle', description: 'Not gold.' });

    await sue.patch(`/v1/products/${id}`, { name: 'Free money' });
    const refused = await reviewer.post(`/v1/products/${id}/reject`, { reason: 'No.' });
    expect(refused.body).toMatchObject({ name: 'Golden candle', state: 'approved', rejection: 'No.' });
    expect(refused.body.pending).toBeUndefined();
    expect((await w.get(`/v1/products/${id}`)).body.rejection).toBeUndefined();
  });

  test('what staff change shows at once', async () => {
    const id = await sue.lists({ name: 'Candel', price: usd(3_00) });
    await reviewer.patch(`/v1/products/${id}`, { name: 'Candle' });
    expect((await w.get(`/v1/products/${id}`)).body).toMatchObject({ name: 'Candle' });
  });

  test('an archived product is gone for everybody, and cannot be bought', async () => {
    const id = await sue.lists({ price: usd(3_00) });
    expect((await sue.delete(`/v1/products/${id}`)).status).toBe(204);
    for (const who of [w, sue, reviewer]) expect((await who.get(`/v1/products/${id}`)).status).toBe(404);
    expect(await sue.post(`/v1/products/${id}/submit`)).toBeProblem(404, 'not-found');
    await expect(w.ask('catalog', 'price', { lines: [{ productId: id, quantity: 1 }] })).rejects.toMatchObject({
      code: 'catalog/unknown-product',
    });
  });

  test("a reviewer's If-Match approves what was read, and nothing newer", async () => {
    const id = await draftOf(sue);
    const submitted = await sue.post(`/v1/products/${id}/submit`);
    const etag = { 'if-match': submitted.headers.get('etag')! };
    await sue.patch(`/v1/products/${id}`, { description: 'Something else.' });
    for (const command of ['approve', 'reject'])
      expect(await reviewer.post(`/v1/products/${id}/${command}`, { reason: 'x' }, etag)).toBeProblem(412, 'version-mismatch');
    expect(await sue.post(`/v1/products/${id}/submit`, undefined, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    expect((await reviewer.post(`/v1/products/${id}/approve`)).status).toBe(200);
  });
});
