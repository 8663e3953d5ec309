import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contract } from '../src/kernel/contracts.ts';
import { module } from '../src/kernel/module.ts';
import { accountId, personalDataPage } from '../src/kernel/tables.ts';
import { modules } from '../src/modules/index.ts';
import { ROOT, sources, unreadTables } from './conventions.ts';
import { PASSWORD, usd } from './people.ts';
import { forgetsNothing, undeclaredByContent, undeclaredByName } from './personal-data.ts';
import { enrol } from './second-factor.ts';
import { type World, world } from './world.ts';

const WORDS = ['Zulema_Q', 'Zulema Verbatim', '99 Unmistakable Crescent', 'zulema.unique@example.com', '+21699887766', '7 Singular Parade'];

/** Somebody who does everything that leaves a trace: buys, sells, writes, flags, moderates, and makes keys. */
async function zulema(w: World): Promise<string> {
  const [username, fullName, address, email, phone, street] = WORDS as [string, string, string, string, string, string];
  await w.post('/v1/customers', {
    username,
    fullName,
    address,
    email,
    password: PASSWORD,
    age: 44,
    gender: 'female',
    maritalStatus: 'widowed',
  });
  const { id } = (await w.ask<{ id: string }>('identity', 'findAccount', { username }))!;
  await w.ask('identity', 'grantRoles', { accountId: id, roles: ['admin'] });
  const { body: tokens } = await w.post('/v1/auth/sign-in', { username, password: PASSWORD });
  const z = w.withToken({ id, username }, tokens.accessToken);
  const bob = await w.buyer('bob', { balance: usd(90_00) });
  const [hers, his] = [await z.lists({ name: 'Vase', price: usd(5_00) }), await bob.lists({ name: 'Lamp', price: usd(20_00) })];
  await w.ask('identity', 'grantRoles', { accountId: id, roles: [] });
  const own = await signedIn(w, username, id);
  await own.patch(`/v1/customers/${username}`, { phone });
  const sold = await own.lists({ name: 'Cup', price: usd(5_00) });
  await own.charge(usd(50_00));
  const bought = [
    await own.post('/v1/orders', {
      items: [{ productId: his, quantity: 1 }],
      shippingAddress: { name: fullName, street, city: 'Tunis', country: 'TN', phone },
    }),
    await bob.post('/v1/orders', { items: [{ productId: sold, quantity: 1 }] }),
  ];
  expect(bought.map(({ status }) => status)).toEqual([201, 201]);
  const [toHer, toBob] = bought.map(({ body }) => `/v1/orders/${body.id}`);
  for (const step of ['packed', 'delivered']) expect((await bob.post(`${toHer}/${step}`)).status).toBe(200);
  for (const step of ['packed', 'delivered']) expect((await own.post(`${toBob}/${step}`)).status).toBe(200);
  const back = { items: [{ productId: his, quantity: 1 }], reason: `${fullName} has no use for it` };
  expect((await own.post(`${toHer}/returns`, back)).status).toBe(200);
  const [first] = (await own.get(`${toHer}/returns`)).body.items;
  await bob.post(`${toHer}/returns/${first.id}/refusal`, { reason: `No, ${fullName}` });
  expect((await own.post(`${toHer}/returns`, back)).status).toBe(200);
  const second = (await own.get(`${toHer}/returns`)).body.items.at(-1);
  expect((await bob.post(`${toHer}/returns/${second.id}/acceptance`)).status).toBe(200);
  const cancelled = await own.post('/v1/orders', { items: [{ productId: his, quantity: 1 }] });
  await own.post(`/v1/orders/${cancelled.body.id}/cancel`, { reason: `${fullName} changed her mind` });
  await own.post(`/v1/customers/${username}/wallet/deduct`, { ...usd(10_00), reason: `to ${fullName}` });
  await own.post(`/v1/products/${his}/reviews`, { rating: 4, comment: `Call ${fullName} on ${phone}.` });
  expect([(await own.post('/v1/favorites', { productId: his })).status, (await bob.post('/v1/favorites', { userId: id })).status]).toEqual([
    201, 201,
  ]);
  const review = await bob.post(`/v1/products/${sold}/reviews`, { rating: 1, comment: 'Broken.' });
  await own.post(`/v1/reviews/${review.body.id}/flag`, { reason: `${fullName} knows better` });
  await w.ask('wallet', 'hold', { key: his, owner: id, currency: 'USD', amount: 1_00, reason: 'a deal', expiresAt: null });
  await w.ask('identity', 'accountOfLink', { provider: 'google', subject: 's', email, emailVerified: true, fullName });
  await w.ask('identity', 'grantRoles', { accountId: id, roles: ['admin'] });
  const staff = await signedIn(w, username, id);
  await staff.post('/v1/api-keys', { name: 'Couriers', scopes: ['orders:ship'] });
  await staff.post(`/v1/reviews/${review.body.id}/moderation`, { action: 'remove', reason: 'Untrue.' });
  await staff.post(`/v1/products/${hers}/stock`, { change: 1, reason: 'found one' });
  await staff.post(`/v1/users/${bob.id}/suspension`, { suspended: true, reason: 'wrote untrue things' });
  await w.step();
  await enrol(w, staff);
  await staff.delete(`/v1/customers/${username}`);
  return id;
}

async function signedIn(w: World, username: string, id: string) {
  const { body } = await w.post('/v1/auth/sign-in', { username, password: PASSWORD });
  return w.withToken({ id, username }, body.accessToken);
}

test('every column with an account id, or with something personal, is declared by its module', async () => {
  const w = await world();
  const id = await zulema(w);
  expect(await undeclaredByContent(w, [id, ...WORDS])).toEqual([]);
  expect(await undeclaredByName(w)).toEqual([]);
});

test('what is declared is in the database, and who stores what is to be erased erases it', async () => {
  const w = await world();
  const declared = w.souk.runtime.modules.flatMap(({ tables }) =>
    Object.entries(tables).flatMap(([table, columns]) => Object.keys(columns).map((column) => `${table}.${column}`)),
  );
  const there = await w.sql<{ name: string }>(
    `select concat_ws('.', table_schema, table_name, column_name) as name from information_schema.columns`,
  );
  const names = new Set(there.map(({ name }) => name));
  expect(declared.filter((name) => !names.has(name))).toEqual([]);
  expect(forgetsNothing(w.souk.runtime.modules)).toEqual([]);
});

test('the checks notice a table with an account id that its module forgot, and a module that forgets nothing', async () => {
  const w = await world();
  await w.sql('create schema hats');
  await w.sql('create table hats.hats (id uuid primary key, worn_by uuid, label text)');
  expect(await undeclaredByName(w, ['hats'])).toEqual(['hats.hats.worn_by']);
  const bob = await w.person('bob');
  await w.sql(`insert into hats.hats values (gen_random_uuid(), null, 'of ' || $1)`, [bob.id]);
  await zulema(w);
  expect(await undeclaredByContent(w, [bob.id])).toEqual(['hats.hats.label']);
  const hats = module({
    contract: contract('hats', { operations: {} }),
    needs: {},
    routes: [],
    operations: {},
    tables: { 'hats.hats': { worn_by: accountId } },
  });
  expect(forgetsNothing([...modules, hats])).toEqual(['hats']);
});

test('docs/personal-data.md is what the modules declare; `npm run personal-data` writes it again', async () => {
  const w = await world();
  expect(readFileSync(join(ROOT, 'docs/personal-data.md'), 'utf8')).toBe(personalDataPage(w.souk.runtime.modules));
});

test('there is no table that nothing reads', async () => {
  const w = await world();
  const schemas = ['kernel', ...modules.map(({ name }) => name)];
  const tables = await w.sql<{ name: string }>(
    "select format('%s.%s', schemaname, relname) as name from pg_stat_user_tables where schemaname = any($1)",
    [schemas],
  );
  const functions = await w.sql<{ body: string }>('select prosrc as body from pg_proc where pronamespace::regnamespace::text = any($1)', [
    schemas,
  ]);
  const unread = (names: string[]) =>
    unreadTables(
      names,
      sources('src', 'apps'),
      functions.map(({ body }) => body),
    );
  expect(tables.length).toBeGreaterThan(60);
  expect(unread(tables.map(({ name }) => name))).toEqual([]);
  expect(unread(['hats.hats'])).toEqual(['hats.hats']);
});
