import { beforeAll, expect, test } from 'vitest';
import type { Sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { openPlans, type PlansOf } from '../../../test/explained-plans.ts';
import { world } from '../../../test/world.ts';
import { admirersDelete, closingUpsert, ownDelete, reopened } from './account-life.ts';
import {
  callInsert,
  favoriteById,
  favoriteByKey,
  favoriteDelete,
  favoriteInsert,
  favoriteOf,
  favoritesPage,
  favoriteUpdate,
  lockPerson,
} from './favorite.ts';
import { admirersOf } from './tell-admirers.ts';

/** With 100,000 favorites, half of them of one product, every statement goes by an index, and lists are walked along theirs. */

let plansOf: PlansOf;
const at = new Date();
const [id, other] = [newId(), newId()];

beforeAll(async () => {
  const w = await world();
  const opened = await openPlans(w);
  plansOf = opened.plansOf;
  await opened.client.query(`
    insert into favorites.favorites (id, account_id, kind, subject_id, back_in_stock, price_fell, created_at)
      select gen_random_uuid(), md5('account' || n)::uuid, 'product', md5('popular')::uuid, true, true, now() from generate_series(1, 50000) as n
      union all
      select gen_random_uuid(), md5('account' || n / 100)::uuid, case when n % 2 = 0 then 'user' else 'product' end, md5('subject' || n)::uuid, false, false, now()
      from generate_series(1, 50000) as n;
    insert into favorites.people (account_id) select distinct account_id from favorites.favorites;
    insert into favorites.calls (account_id, idempotency_key, body_hash, favorite_id) select account_id, id, '', id from favorites.favorites;
    analyze favorites.favorites, favorites.people, favorites.calls`);
}, 120_000);

const statements: [name: string, statement: Sql][] = [
  ['a page', favoritesPage(id, undefined, null, 21)],
  ['the next page', favoritesPage(id, undefined, other, 21)],
  ['a page of people', favoritesPage(id, 'user', null, 21)],
  ['the next page of products', favoritesPage(id, 'product', other, 21)],
  ['adding one', favoriteInsert({ id, accountId: other, kind: 'product', subjectId: id, notify: {}, most: 500, key: undefined, at })],
  ['one that exists', favoriteOf(id, 'product', other, { priceFell: true })],
  ['one of a call', favoriteByKey(id, 'key')],
  ['remembering a call', callInsert(id, other, { principal: other, value: 'key', bodyHash: 'hash' })],
  ['one by its id', favoriteById(id, other)],
  ['changing one', favoriteUpdate(id, other, {})],
  ['removing one', favoriteDelete(id, other)],
  ['those to be told of stock', admirersOf(id, 'back-in-stock', null, 500)],
  ['the next ones to be told of a price', admirersOf(id, 'price-fell', other, 500)],
  ['reopening an account', reopened(id)],
  ['forgetting an account', ownDelete(id)],
  ['forgetting an account that others like', admirersDelete(id, 1000)],
];

test.each(statements)('%s', async (_, statement) => {
  for (const plan of await plansOf(statement)) {
    expect(plan).not.toMatch(/Seq Scan/);
    expect(plan).toMatch(/Index/);
  }
});

test.each([
  ['locking an account', lockPerson(id)],
  ['closing an account', closingUpsert(id)],
])('%s reads no table from end to end', async (_, statement) => {
  for (const plan of await plansOf(statement)) expect(plan).not.toMatch(/Seq Scan/);
});

test.each([
  ['favorites', favoritesPage(id, undefined, other, 21)],
  ['favorites of a kind', favoritesPage(id, 'product', other, 21)],
  ['admirers', admirersOf(id, 'back-in-stock', other, 500)],
])('a page of %s is walked along its index, without sorting', async (_, statement) => {
  for (const plan of await plansOf(statement)) expect(plan).not.toMatch(/Sort/);
});
