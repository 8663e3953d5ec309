import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let bob: Person;
let mia: Person;
let lamp: string;
/** In the order of writing. */
const written: { id: string; rating: number }[] = [];
let hidden: string;

beforeAll(async () => {
  w = await world();
  const root = await w.admin();
  [bob, mia] = [await w.person('Bob'), await w.person('mia', ['moderator'])];
  lamp = await root.lists({ name: 'Lamp', price: usd(5_00) });
  for (const [index, rating] of [3, 5, 1, 5, 3, 2, 5].entries()) {
    const who = index === 6 ? bob : await w.person(`person${index}`);
    written.push((await who.post(`/v1/products/${lamp}/reviews`, { rating, comment: `${index}` })).body);
  }
  for (const rating of [4, 1, 4]) {
    const product = await root.lists({ name: 'Chair', price: usd(5_00) });
    hidden = (await bob.post(`/v1/products/${product}/reviews`, { rating, comment: 'x' })).body.id;
  }
  await mia.post(`/v1/reviews/${hidden}/moderation`, { action: 'flag', reason: 'x' });
}, 60_000);

const idsOf = (items: { id: string }[]) => items.map(({ id }) => id);

/** All pages of a list, two at a time. */
async function walked(path: string, who: Pick<World, 'get'> = w): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = ''; ; ) {
    const { body, headers } = await who.get(`${path}${path.includes('?') ? '&' : '?'}limit=2${cursor}`);
    found.push(...idsOf(body.items));
    expect(headers.get('link') === null).toBe(body.nextCursor === null);
    if (!body.nextCursor) return found;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

describe('the reviews of a product', () => {
  test.each([
    ['newest', [6, 5, 4, 3, 2, 1, 0]],
    ['-rating', [6, 3, 1, 4, 0, 5, 2]],
    ['rating', [2, 5, 0, 4, 1, 3, 6]],
  ])('come in the order %s, each once over the pages', async (sort, order) => {
    const expected = order.map((index) => written[index]!.id);
    expect(await walked(`/v1/products/${lamp}/reviews?sort=${sort}`)).toEqual(expected);
    expect(idsOf((await w.get(`/v1/products/${lamp.toUpperCase()}/reviews?sort=${sort}`)).body.items)).toEqual(expected);
  });

  test('come newest first when nobody says how, and none are of a product that is not there', async () => {
    expect(await walked(`/v1/products/${lamp}/reviews`)).toEqual(idsOf(written.toReversed()));
    expect((await w.get(`/v1/products/${newId()}/reviews`)).body).toEqual({ items: [], nextCursor: null });
    expect(await w.get(`/v1/products/${lamp}/reviews?sort=best`)).toBeProblem(422, 'invalid');
  });

  test('go on after a review that is written or deleted between two pages', async () => {
    const path = `/v1/products/${lamp}/reviews?sort=-rating&limit=3`;
    const first = await w.get(path);
    const late = await w.person('late');
    const { id } = (await late.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'late' })).body;
    const second = await w.get(`${path}&cursor=${first.body.nextCursor}`);
    expect(idsOf(second.body.items)).toEqual([4, 0, 5].map((index) => written[index]!.id));
    await late.delete(`/v1/reviews/${id}`);
  });

  test('refuse the cursor of another list or order, and one that was changed', async () => {
    const { nextCursor } = (await w.get(`/v1/products/${lamp}/reviews?sort=rating&limit=1`)).body;
    for (const path of [
      `/v1/products/${lamp}/reviews?sort=-rating`,
      `/v1/products/${newId()}/reviews?sort=rating`,
      '/v1/customers/bob/reviews?sort=rating',
    ])
      expect(await w.get(`${path}&cursor=${nextCursor}`)).toBeProblem(400, 'malformed');
    expect(await w.get(`/v1/products/${lamp}/reviews?sort=rating&cursor=x${nextCursor}`)).toBeProblem(400, 'malformed');
  });
});

describe('the reviews of a customer', () => {
  test('are found by username, in capitals or small letters', async () => {
    const all = await walked('/v1/customers/Bob/reviews');
    expect(all).toHaveLength(3);
    expect(await walked('/v1/customers/bOB/reviews')).toEqual(all);
    expect((await w.get('/v1/customers/bob/reviews')).body.items[0]).toMatchObject({
      product: { name: 'Chair' },
      customer: { id: bob.id, username: 'Bob' },
    });
    expect((await w.get('/v1/customers/nobody/reviews')).body.items).toEqual([]);
  });

  test('come by rating too', async () => {
    const { items } = (await w.get('/v1/customers/bob/reviews?sort=rating')).body;
    expect(items.map(({ rating }: { rating: number }) => rating)).toEqual([1, 4, 5]);
  });

  test('show hidden ones to their author and to those who moderate', async () => {
    for (const who of [bob, mia]) {
      expect(await walked('/v1/customers/bob/reviews', who)).toContain(hidden);
      expect((await who.get(`/v1/reviews/${hidden}`)).body).toMatchObject({ state: 'flagged', reason: 'x' });
    }
    const ann = await w.person('ann');
    for (const who of [w, ann]) {
      expect(await walked('/v1/customers/bob/reviews', who)).not.toContain(hidden);
      expect(await who.get(`/v1/reviews/${hidden}`)).toBeProblem(404, 'not-found');
    }
    const { product } = (await mia.get(`/v1/reviews/${hidden}`)).body;
    expect(await walked(`/v1/products/${product.id}/reviews`, mia)).toEqual([hidden]);
    for (const who of [w, ann]) expect(await walked(`/v1/products/${product.id}/reviews`, who)).toEqual([]);
  });
});

test('a page is one statement; an audit entry comes with what moderators see of hidden ones', async () => {
  for (const path of [`/v1/products/${lamp}/reviews?sort=rating`, '/v1/customers/bob/reviews'])
    for (const who of [w, bob, mia]) {
      const sent = await w.statements(() => who.get(path));
      expect(sent.filter((text) => !text.includes('insert into kernel.audit'))).toHaveLength(1);
      expect(sent.length === 1 || who === mia).toBe(true);
    }
});
