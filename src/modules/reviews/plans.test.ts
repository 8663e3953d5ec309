import { beforeAll, describe, expect, test } from 'vitest';
import type { Sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { openPlans, type PlansOf } from '../../../test/explained-plans.ts';
import { type World, world } from '../../../test/world.ts';
import { flaggedAmong, flagInsert, flagOf, flagReasonsErase, flagsResolve, openFlags } from './flag.ts';
import { reviewsBy } from './forget-customer.ts';
import { type Listed, reviewById, reviewsPage } from './list-reviews.ts';
import { lockOf, reviewByKey, reviewDelete, reviewIdOf, reviewsErase, reviewUpdate } from './review.ts';
import { summaryOf, summaryUpdate } from './summary.ts';

/** With 100,000 reviews and flags every statement uses an index, and public lists are walked along the index of their order. */

let w: World;
let plansOf: PlansOf;
const at = new Date();
const [id, other] = [newId(), newId()];

beforeAll(async () => {
  w = await world();
  const opened = await openPlans(w);
  plansOf = opened.plansOf;
  await opened.client.query(`
    insert into reviews.reviews (id, product_id, product_name, customer_id, username, username_key, rating, comment, verified_purchase, state, created_at, updated_at, principal, idempotency_key, body_hash)
      select gen_random_uuid(), md5('product' || n % 200)::uuid, 'Lamp', md5('customer' || n / 20)::uuid, 'customer' || n / 20, 'customer' || n / 20, 1 + n % 5, 'It bends.', n % 2 = 0,
             case when n % 50 = 0 then 'flagged' else 'published' end, now(), now(), 'principal' || n, 'key' || n, 'hash'
      from generate_series(1, 100000) as n;
    insert into reviews.flags (review_id, person, reason, counts, at) select id, customer_id, 'x', true, now() from reviews.reviews;
    insert into reviews.summaries (product_id, count, sum, version) select md5('product' || n)::uuid, 1, 5, 1 from generate_series(1, 100000) as n;
    analyze reviews.reviews, reviews.flags, reviews.summaries`);
}, 120_000);

const statements: [name: string, statement: Sql][] = [
  ['a review', reviewById(id, '')],
  ['a review for its author', reviewById(id, other)],
  ['a review for staff', reviewById(id, 'staff')],
  ['a review to be changed', lockOf(id, other)],
  ['a review by its key', reviewByKey({ principal: 'principal7', value: 'key7', bodyHash: '' })],
  ['a review by its author', reviewIdOf(id, other)],
  ['a change', reviewUpdate(id, { rating: 5, comment: 'x', state: 'published', reason: null }, at)],
  ['a deletion', reviewDelete(id)],
  ['an erasure', reviewsErase([id, other], at)],
  ['the reviews of a customer who is forgotten', reviewsBy(id)],
  ['a flag', flagOf(id, other)],
  ['the open flags', openFlags(id)],
  ['those that have flags', flaggedAmong([id, other])],
  ['resolving flags', flagsResolve(id)],
  ['the reasons of a person who is forgotten', flagReasonsErase(id)],
  ['a summary', summaryOf(id)],
];

test.each(statements)('%s', async (_, statement) => {
  for (const plan of await plansOf(statement)) {
    expect(plan).not.toMatch(/Seq Scan on (reviews|flags|summaries)/);
    expect(plan).toMatch(/Index/);
  }
});

test.each([
  ['a flag', flagInsert({ reviewId: id, person: other, reason: 'x', counts: true, at })],
  ['a summary', summaryUpdate([{ productId: id, count: 1, sum: 5 }])],
])('writing %s reads no table from end to end', async (_, statement) => {
  for (const plan of await plansOf(statement)) expect(plan).not.toMatch(/Seq Scan/);
});

describe('a list', () => {
  const ofProduct: Listed = { productId: '' };
  const byCustomer: Listed = { writtenBy: 'customer7' };
  const sorts = ['newest', '-rating', 'rating'] as const;
  const lists = [ofProduct, byCustomer].flatMap((listed) =>
    [false, true].flatMap((isInsider) =>
      sorts.flatMap((sort) =>
        [undefined, sort === 'newest' ? [id] : [3, id]].map((after) => ({ listed, isInsider, sort, after, limit: 20 })),
      ),
    ),
  );

  test.each(lists)('%j', async (list) => {
    const [product] = await w.sql<{ id: string }>("select md5('product7')::uuid as id");
    const listed = 'productId' in list.listed ? { productId: product!.id } : list.listed;
    const [, generic] = await plansOf(reviewsPage({ ...list, listed }));
    for (const plan of await plansOf(reviewsPage({ ...list, listed }))) expect(plan).not.toMatch(/Seq Scan/);
    if ('productId' in listed && !list.isInsider) {
      expect(generic).toMatch(/Index Scan.* using reviews_product_(newest|rating)/);
      expect(generic).not.toMatch(/Sort/);
    }
  });
});
