import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type Person, usd } from '../../../test/people.ts';
import { draftOf, lamp, shirt } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
});

describe('changing a product', () => {
  test('is a merge patch: what is absent stays, null empties', async () => {
    const id = await draftOf(sue);
    const { body, headers } = await sue.patch(`/v1/products/${id}`, { brand: null, type: 'Floor lamp' });
    expect(body).toMatchObject({ brand: null, type: 'Floor lamp', category: 'electronics', name: 'Lamp', version: 2 });
    expect(headers.get('etag')).toBe('"2"');
    expect((await sue.patch(`/v1/products/${id}`, { category: 'nowhere' })).status).toBe(409);
    expect(await sue.patch(`/v1/products/${id}`, { name: null })).toBeProblem(422, 'invalid');
  });

  test('honours If-Match', async () => {
    const id = await draftOf(sue);
    const old = { 'if-match': '"1"' };
    expect((await sue.patch(`/v1/products/${id}`, { brand: 'Nova' }, old)).status).toBe(200);
    const refused = await sue.patch(`/v1/products/${id}`, { brand: 'Vega' }, old);
    expect(refused).toBeProblem(412, 'version-mismatch');
    expect(refused.body.current).toBe(2);
    expect(await sue.delete(`/v1/products/${id}`, old)).toBeProblem(412, 'version-mismatch');
  });

  test('replaces the variants: known ones keep their stock, new ones bring theirs, the others go', async () => {
    const { body: made } = await sue.post('/v1/products', shirt);
    const [medium, large] = made.variants;
    const { body } = await sue.patch(`/v1/products/${made.id}`, {
      variants: [
        { id: large.id, options: medium.options, price: usd(17_00) },
        { id: medium.id, options: large.options, price: usd(15_00), sku: null },
        { options: { color: 'green', size: 'S' }, price: usd(12_00), stock: 7 },
      ],
    });
    expect(body).toMatchObject({ price: usd(12_00), stock: 12 });
    expect(body.variants.map((variant: Record<string, unknown>) => [variant.id, variant.sku, variant.options, variant.stock])).toEqual([
      [large.id, 'R-L', { color: 'red', size: 'M' }, 3],
      [medium.id, null, { color: 'red', size: 'L' }, 2],
      [expect.any(String), null, { color: 'green', size: 'S' }, 7],
    ]);
    await w.step();
    expect((await sue.get(`/v1/products/${made.id}`)).body).toEqual(body);
  });

  test('refuses variants of other products, repeated variants, and stock without a reason', async () => {
    const { body: made } = await sue.post('/v1/products', shirt);
    const path = `/v1/products/${made.id}`;
    const variant = { id: made.variants[0].id, options: { color: 'red' }, price: usd(1) };
    expect(await sue.patch(path, { variants: [{ ...variant, id: newId() }] })).toBeProblem(404, 'not-found');
    expect(await sue.patch(path, { variants: [variant, { ...variant, options: {} }] })).toBeProblem(422, 'invalid');
    expect(await sue.patch(path, { variants: [{ ...variant, stock: 9 }] })).toBeProblem(422, 'invalid');
    expect(await sue.patch(path, { variants: [variant, { options: { color: 'red' }, price: usd(2) }] })).toBeProblem(
      409,
      'catalog/variants-alike',
    );
    expect(await sue.patch(path, { price: usd(5) })).toBeProblem(409, 'catalog/variant-needed');
  });

  test("is for its owner and the staff of the catalog: somebody else's is not there", async () => {
    const id = await sue.lists({ price: usd(1_00) });
    const eve = await w.person('eve');
    const calls = [
      eve.patch(`/v1/products/${id}`, { variants: [{ options: {}, price: usd(1), stock: 1 }] }),
      eve.delete(`/v1/products/${id}`),
      eve.post(`/v1/products/${id}/submit`),
      eve.post(`/v1/products/${id}/stock`, { change: 1, reason: 'x' }),
      eve.get(`/v1/products/${id}/stock`),
      eve.get(`/v1/products/${await draftOf(sue)}`),
    ];
    for (const reply of await Promise.all(calls)) expect(reply).toBeProblem(404, 'not-found');
    for (const command of ['approve', 'reject'])
      expect(await eve.post(`/v1/products/${id}/${command}`, { reason: 'x' })).toBeProblem(403, 'forbidden');
    expect(await w.post('/v1/products', lamp)).toBeProblem(401, 'unauthenticated');
  });

  test('is safe in a crowd: two changes of one version, one wins', async () => {
    const id = await draftOf(sue);
    const replies = await Promise.all(
      ['a', 'b', 'c', 'd'].map((brand) => sue.patch(`/v1/products/${id}`, { brand }, { 'if-match': '"1"' })),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
  });
});
