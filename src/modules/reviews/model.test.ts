import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

/** Whatever is done at once, what a product says of its reviews is what they come to. */

type Step = { product: number; author: number } & (
  | { do: 'write' | 'change'; rating: number; comment: string }
  | { do: 'delete' | 'forget' }
  | { do: 'flag'; person: number }
  | { do: 'approve' | 'hide' | 'remove' | 'delete as staff' }
  | { do: 'decide'; decision: 'approve' | 'remove' }
);

const on = { product: fc.nat({ max: 1 }), author: fc.nat({ max: 3 }) };
const rating = fc.integer({ min: 1, max: 5 });
const comment = fc.constantFrom('It bends.', 'It bends.', 'See https://shop.example.com/lamps'); // the last waits for a look
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ ...on, do: fc.constantFrom('write' as const, 'change' as const), rating, comment }) },
  { weight: 2, arbitrary: fc.record({ ...on, do: fc.constant('delete' as const) }) },
  { weight: 2, arbitrary: fc.record({ ...on, do: fc.constant('flag' as const), person: fc.nat({ max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ ...on, do: fc.constantFrom('approve' as const, 'hide' as const, 'remove' as const) }) },
  { weight: 1, arbitrary: fc.record({ ...on, do: fc.constantFrom('delete as staff' as const, 'forget' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ ...on, do: fc.constant('decide' as const), decision: fc.constantFrom('approve' as const, 'remove' as const) }),
  },
);

let w: World;
let root: Person;
let people: Person[];
let products: string[];

beforeAll(async () => {
  w = await world({ env: { REVIEW_FLAGS_TO_HIDE: '2', REVIEW_FLAG_ACCOUNT_HOURS: '0' } });
  root = await w.admin();
  people = [];
  for (const name of ['ann', 'bob', 'cleo', 'dan']) people.push(await w.person(name));
});

const idOf = async ({ product, author }: Step): Promise<string | undefined> =>
  (
    await w.sql<{ id: string }>('select id from reviews.reviews where product_id = $1 and customer_id = $2', [
      products[product],
      people[author]!.id,
    ])
  )[0]?.id;

async function run(step: Step): Promise<number> {
  const author = people[step.author]!;
  if (step.do === 'write')
    return (await author.post(`/v1/products/${products[step.product]}/reviews`, { rating: step.rating, comment: step.comment })).status;
  if (step.do === 'forget') {
    await w.ask('reviews', 'life.forget', { accountId: author.id });
    return 200;
  }
  if (step.do === 'decide') {
    const [item] = (await root.get('/v1/moderation/queue?limit=1')).body.items;
    return item ? (await root.post(`/v1/moderation/${item.id}/decision`, { decision: step.decision, reason: 'x' })).status : 404;
  }
  const path = `/v1/reviews/${(await idOf(step)) ?? products[0]}`;
  switch (step.do) {
    case 'change':
      return (await author.patch(path, { rating: step.rating, comment: step.comment })).status;
    case 'delete':
      return (await author.delete(path)).status;
    case 'delete as staff':
      return (await root.delete(path)).status;
    case 'flag':
      return (await people[step.person]!.post(`${path}/flag`, { reason: 'x' })).status;
    default:
      return (await root.post(`${path}/moderation`, { action: step.do === 'hide' ? 'flag' : step.do, reason: 'x' })).status;
  }
}

async function expectAllRight(): Promise<void> {
  for (const id of products) {
    const [counted] = await w.sql<{ count: number; sum: number }>(
      "select count(*)::int as count, coalesce(sum(rating), 0)::int as sum from reviews.reviews where product_id = $1 and state = 'published'",
      [id],
    );
    const [kept] = await w.sql<{ count: number; sum: number }>('select count, sum::int from reviews.summaries where product_id = $1', [id]);
    expect(kept ?? { count: 0, sum: 0 }).toEqual(counted);
    const { count, sum } = counted!;
    const rating = { average: count === 0 ? null : Math.round((sum * 100) / count) / 100, count };
    expect((await w.get(`/v1/products/${id}`)).body.rating).toEqual(rating);
    expect((await w.get(`/v1/products/${id}/reviews`)).body.items).toHaveLength(count);
  }
  const waiting = await w.sql("select id from reviews.reviews where state = 'pending' and product_id = any($1::uuid[])", [products]);
  const looked = await w.sql<{ id: string }>("select subject_id as id from moderation.items where state = 'open'");
  expect(looked.map(({ id }) => id)).toEqual(expect.arrayContaining(waiting.map(({ id }) => id)));
}

test('writing, changing, deleting, flagging, deciding and forgetting at once leave summaries that add up, and no review waiting unseen', async () => {
  const statuses = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { minLength: 6, maxLength: 16 }), { minLength: 1, maxLength: 4 }), async (rounds) => {
      products = [await root.lists({ price: usd(5_00) }), await root.lists({ price: usd(5_00) })];
      await Promise.all(people.map((_, author) => run({ do: 'write', product: 0, author, rating: 3, comment: 'It bends.' })));
      for (const steps of rounds) {
        const answers = await Promise.all(steps.map(run));
        for (const [index, status] of answers.entries()) {
          expect([200, 201, 204, 404, 409]).toContain(status);
          const name = `${steps[index]!.do} ${status < 300 ? 'done' : 'refused'}`;
          statuses.set(name, (statuses.get(name) ?? 0) + 1);
        }
        await w.step();
      }
      await expectAllRight();
    }),
    { numRuns: 30 },
  );
  for (const done of ['write', 'change', 'delete', 'flag', 'approve', 'hide', 'remove', 'delete as staff', 'decide'])
    expect(statuses.get(`${done} done`), done).toBeGreaterThan(0);
}, 120_000);

test('a summary that would not add up is refused by the database', async () => {
  products = [await root.lists({ price: usd(5_00) })];
  await people[0]!.post(`/v1/products/${products[0]}/reviews`, { rating: 3, comment: 'x' });
  for (const [count, sum] of [
    [-1, 0],
    [0, 1],
    [2, 11],
    [1, 0],
  ])
    await expect(w.sql(`update reviews.summaries set count = ${count}, sum = ${sum} where product_id = '${products[0]}'`)).rejects.toThrow(
      /add up/,
    );
});

test('a rating that is sent twice, late, or after a lost job is the newest one', async () => {
  products = [await root.lists({ price: usd(5_00) })];
  const path = `/v1/products/${products[0]}/reviews`;
  const { id } = (await people[0]!.post(path, { rating: 1, comment: 'x' })).body;
  await people[1]!.post(path, { rating: 4, comment: 'x' });
  await people[0]!.patch(`/v1/reviews/${id}`, { rating: 2 });
  await w.step();
  await w.tellAgain('reviews.tell-rating');
  await w.step();
  expect((await w.get(`/v1/products/${products[0]}`)).body.rating).toEqual({ average: 3, count: 2 });
  const told = await w.sql<{ payload: object }>(
    "select payload from told.outbox where name = 'reviews.summary-changed.v1' and subject = $1 order by seq",
    [products[0]],
  );
  expect(told.map(({ payload }) => payload)).toEqual([
    { productId: products[0], count: 1, sum: 1, version: 1 },
    { productId: products[0], count: 2, sum: 5, version: 2 },
    { productId: products[0], count: 2, sum: 6, version: 3 },
  ]);
});
