import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { type Person, usd } from '../../../test/people.ts';
import { draftOf } from '../../../test/sample-products.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let bob: Person;

beforeAll(async () => {
  w = await world();
  [sue, bob] = [await w.seller('sue'), await w.buyer('bob', { balance: usd(500_00) })];
});

const lists = (name = 'Lamp') => sue.lists({ name, price: usd(5_00), stock: 100 });
const reviews = (who: Person, product: string, rating = 5, comment = 'It bends.') =>
  who.post(`/v1/products/${product}/reviews`, { rating, comment });
const ratingOf = async (product: string) => (await w.get(`/v1/products/${product}`)).body.rating;

describe('a review', () => {
  test('is shown with the names of the product and the customer, and counts in the rating', async () => {
    const lamp = await lists('Desk lamp');
    const written = await reviews(bob, lamp, 4, 'It bends.');
    expect([written.status, written.headers.get('etag')]).toEqual([201, '"1"']);
    expect(written.body).toEqual({
      id: written.body.id,
      product: { id: lamp, name: 'Desk lamp' },
      customer: { id: bob.id, username: 'bob' },
      rating: 4,
      comment: 'It bends.',
      verifiedPurchase: false,
      state: 'published',
      createdAt: expect.any(String),
      updatedAt: written.body.createdAt,
      version: 1,
    });
    expect((await w.get(`/v1/reviews/${written.body.id}`)).body).toEqual(written.body);
    expect((await w.get(`/v1/products/${lamp}/reviews`)).body).toEqual({ items: [written.body], nextCursor: null });
    await w.step();
    expect(await ratingOf(lamp)).toEqual({ average: 4, count: 1 });
    await reviews(await w.person('ann'), lamp, 5);
    await reviews(await w.person('tim'), lamp, 4);
    await w.step();
    expect(await ratingOf(lamp)).toEqual({ average: 4.33, count: 3 });
  });

  test('is marked as a verified purchase where its author has a placed order of the product', async () => {
    const [bought, other] = [await lists(), await lists()];
    await bob.post('/v1/orders', { items: [{ productId: bought, quantity: 1 }] });
    expect((await reviews(bob, bought)).body.verifiedPurchase).toBe(true);
    expect((await reviews(bob, other)).body.verifiedPurchase).toBe(false);
  });

  test('is written once per customer and product; the refusal names the one there is', async () => {
    const lamp = await lists();
    const { id } = (await reviews(bob, lamp)).body;
    const refused = await reviews(bob, lamp, 1, 'Again.');
    expect(refused).toBeProblem(409, 'reviews/already-reviewed');
    expect(refused.body.reviewId).toBe(id);
  });

  test('of which a hundred come at once from one customer is one, and counts once', async () => {
    const lamp = await lists();
    const answers = await Promise.all(Array.from({ length: 100 }, () => reviews(bob, lamp)));
    const made = answers.filter(({ status }) => status === 201);
    expect(made).toHaveLength(1);
    for (const refused of answers.filter(({ status }) => status !== 201)) {
      expect(refused).toBeProblem(409, 'reviews/already-reviewed');
      expect(refused.body.reviewId).toBe(made[0]!.body.id);
    }
    expect(await w.sql('select count, sum::int from reviews.summaries where product_id = $1', [lamp])).toEqual([{ count: 1, sum: 5 }]);
  });

  test('sent again under its key is the same, even when the product has gone meanwhile', async () => {
    const lamp = await lists();
    const path = `/v1/products/${lamp}/reviews`;
    const key = { 'idempotency-key': randomUUID() };
    const body = { rating: 5, comment: 'x' };
    const twins = await Promise.all(Array.from({ length: 10 }, () => bob.post(path, body, key)));
    expect(twins.map(({ status }) => status)).toEqual(Array(10).fill(201));
    expect(new Set(twins.map(({ body }) => body.id)).size).toBe(1);
    expect(twins.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(9);
    expect(await bob.post(path, { rating: 1, comment: 'x' }, key)).toBeProblem(422, 'idempotency-key-reused');
    await sue.delete(`/v1/products/${lamp}`);
    const late = await bob.post(path, body, key);
    expect([late.status, late.body.id]).toEqual([201, twins[0]!.body.id]);
    expect(await bob.post(path, body)).toBeProblem(404, 'not-found');
  });

  test('is of a public product, and never by its seller', async () => {
    const lamp = await lists();
    expect(await reviews(sue, lamp)).toBeProblem(409, 'reviews/own-product');
    expect(await reviews(bob, await draftOf(sue))).toBeProblem(404, 'not-found');
    expect(await reviews(bob, newId())).toBeProblem(404, 'not-found');
    expect(await w.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'x' })).toBeProblem(401, 'unauthenticated');
  });

  test.each([
    { rating: 0, comment: 'x' },
    { rating: 6, comment: 'x' },
    { rating: 4.5, comment: 'x' },
    { rating: '5', comment: 'x' },
    { comment: 'x' },
    { rating: 5 },
    { rating: 5, comment: 'x', verifiedPurchase: true },
    { rating: 5, comment: 'x', state: 'published' },
  ])('is not %j', async (body) => {
    expect(await bob.post(`/v1/products/${await lists()}/reviews`, body)).toBeProblem(422, 'invalid');
  });

  test('costs five statements; a change four; a look one', async () => {
    const lamp = await lists();
    let id = '';
    const written = await w.statements(async () => {
      id = (await reviews(bob, lamp)).body.id;
    });
    expect(written.length).toBeLessThanOrEqual(5);
    expect((await w.statements(() => bob.patch(`/v1/reviews/${id}`, { rating: 2 }))).length).toBeLessThanOrEqual(4);
    expect(await w.statements(() => w.get(`/v1/reviews/${id}`))).toHaveLength(1);
  });
});

describe('its author', () => {
  test('changes it, and the rating follows', async () => {
    const lamp = await lists();
    const { id } = (await reviews(bob, lamp, 5)).body;
    w.clock.advance(60_000);
    const changed = await bob.patch(`/v1/reviews/${id}`, { rating: 2 }, { 'if-match': '"1"' });
    expect(changed.body).toMatchObject({ rating: 2, comment: 'It bends.', version: 2 });
    expect(Date.parse(changed.body.updatedAt) - Date.parse(changed.body.createdAt)).toBeGreaterThanOrEqual(60_000);
    expect(changed.headers.get('etag')).toBe('"2"');
    expect((await bob.patch(`/v1/reviews/${id}`, { comment: 'It broke.' })).body).toMatchObject({ rating: 2, comment: 'It broke.' });
    await w.step();
    expect(await ratingOf(lamp)).toEqual({ average: 2, count: 1 });
    expect(await bob.patch(`/v1/reviews/${id}`, { rating: 3 }, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    expect(await bob.delete(`/v1/reviews/${id}`, { 'if-match': '"1"' })).toBeProblem(412, 'version-mismatch');
    for (const body of [{ rating: null }, { state: 'published' }, { verifiedPurchase: true }, []])
      expect(await bob.patch(`/v1/reviews/${id}`, body)).toBeProblem(422, 'invalid');
  });

  test('takes it back, and may write another', async () => {
    const lamp = await lists();
    const { id } = (await reviews(bob, lamp, 1)).body;
    expect((await bob.delete(`/v1/reviews/${id}`)).status).toBe(204);
    expect(await bob.delete(`/v1/reviews/${id}`)).toBeProblem(404, 'not-found');
    expect(await w.get(`/v1/reviews/${id}`)).toBeProblem(404, 'not-found');
    await w.step();
    expect(await ratingOf(lamp)).toEqual({ average: null, count: 0 });
    expect((await reviews(bob, lamp)).status).toBe(201);
  });

  test('is the only one who may; others get 404', async () => {
    const { id } = (await reviews(bob, await lists())).body;
    const mallory = await w.person('mallory');
    for (const other of [mallory, sue]) {
      expect(await other.patch(`/v1/reviews/${id}`, { rating: 1 })).toBeProblem(404, 'not-found');
      expect(await other.delete(`/v1/reviews/${id}`)).toBeProblem(404, 'not-found');
    }
    expect(await (await w.admin()).patch(`/v1/reviews/${id}`, { rating: 1 })).toBeProblem(404, 'not-found');
    expect((await w.get(`/v1/reviews/${id}`)).body).toMatchObject({ rating: 5, version: 1 });
  });
});

describe('a deleted customer', () => {
  test('leaves no words and no name, and counts no more', async () => {
    const [lamp, chair] = [await lists(), await lists()];
    const eve = await w.person('eve');
    const { id } = (await reviews(eve, lamp, 1, 'Call me at 555 0100.')).body;
    await reviews(eve, chair, 1);
    await reviews(bob, lamp, 5);
    const { id: his } = (await reviews(bob, chair, 4)).body;
    await eve.post(`/v1/reviews/${his}/flag`, { reason: 'I know him.' });

    for (let times = 0; times < 2; times++) expect(await w.ask('reviews', 'life.forget', { accountId: eve.id })).toEqual({});

    await w.step();
    expect(await w.get(`/v1/reviews/${id}`)).toBeProblem(404, 'not-found');
    expect((await w.get('/v1/customers/eve/reviews')).body.items).toEqual([]);
    expect([await ratingOf(lamp), await ratingOf(chair)]).toEqual([
      { average: 5, count: 1 },
      { average: 4, count: 1 },
    ]);
    const left = await w.sql<{ row: string }>(
      'select r::text as row from reviews.reviews r where customer_id = $1 union all select f::text from reviews.flags f where person = $1',
      [eve.id],
    );
    expect(left).toHaveLength(3);
    for (const { row } of left) expect(row).not.toMatch(/\beve\b|555 0100|know/);
    const root = await w.admin();
    expect(await root.post(`/v1/reviews/${id}/moderation`, { action: 'approve' })).toBeProblem(404, 'not-found');
    await expect(w.sql(`update reviews.reviews set rating = 2 where id = '${id}'`)).rejects.toThrow(/stays whose/);
  });
});
