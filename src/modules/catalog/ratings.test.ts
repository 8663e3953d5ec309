import { beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type Person, usd } from '../../../test/people.ts';
import { draftOf } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
});

const ratingOf = async (id: string) => (await w.get(`/v1/products/${id}`)).body.rating;
const rate = (productId: string, count: number, average: number | null, version: number) =>
  w.ask('catalog', 'rate', { productId, count, average, version });

test('a rating shows in the product and in lists, and orders them', async () => {
  const [good, better, unrated] = [
    await sue.lists({ price: usd(1_00) }),
    await sue.lists({ price: usd(1_00) }),
    await sue.lists({ price: usd(1_00) }),
  ];
  expect(await w.statements(() => rate(good, 3, 4.33, 1))).toHaveLength(3);
  await rate(better, 2, 4.5, 1);
  expect(await ratingOf(good)).toEqual({ average: 4.33, count: 3 });
  const { items } = (await w.get('/v1/products?seller=sue&sort=rating')).body;
  expect(items.map((item: { id: string; rating: object }) => [item.id, item.rating])).toEqual([
    [better, { average: 4.5, count: 2 }],
    [good, { average: 4.33, count: 3 }],
    [unrated, { average: null, count: 0 }],
  ]);
  await rate(good, 0, null, 2);
  expect(await ratingOf(good)).toEqual({ average: null, count: 0 });
});

test('of ratings that come in any order, at the same time or twice, the newest counts', async () => {
  const id = await sue.lists({ price: usd(1_00) });
  const versions = Array.from({ length: 20 }, (_, n) => n + 1);
  await Promise.all([...versions.toReversed(), 20, 7].map((version) => rate(id, version, 1 + version / 10, version)));
  expect(await ratingOf(id)).toEqual({ average: 3, count: 20 });
  await rate(id, 1, 1, 19);
  expect(await ratingOf(id)).toEqual({ average: 3, count: 20 });
  await rate(newId(), 1, 1, 1); // of no product: nothing to do
});

test('a brief names what is public, and leaves out the rest', async () => {
  const id = await sue.lists({ name: 'Teapot', price: usd(1_00) });
  const draft = await draftOf(sue);
  expect(await w.ask('catalog', 'brief', { ids: [id, draft, newId()] })).toEqual([{ id, name: 'Teapot', sellerId: sue.id }]);
});
