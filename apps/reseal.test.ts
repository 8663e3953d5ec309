import { randomUUID } from 'node:crypto';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Upload } from '../src/modules/media/contract.ts';
import { sourcePlace } from '../src/modules/wallet/charge.ts';
import { PASSWORD, usd } from '../test/people.ts';
import { announcing, picture, sendFile } from '../test/uploading.ts';
import { type World, world } from '../test/world.ts';
import { resealAll } from './reseal.ts';

const key = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`;
const keys = (...names: string[]) => ({ SECRET_KEYS: names.join(',') });
const [first, second, third] = [key('test', 7), key('second', 8), key('third', 9)];

/** The names of the keys that anything in the database is sealed with, whatever the column. */
async function keysInUse(w: World): Promise<string[]> {
  const columns = await w.sql<{ place: string; name: string }>(
    `select format('%I.%I', table_schema, table_name) as place, column_name as name from information_schema.columns where column_name like '%\\_sealed'`,
  );
  expect(columns.length).toBeGreaterThanOrEqual(5);
  const used = await Promise.all(
    columns.map(({ place, name }) =>
      w.sql<{ key: string }>(`select distinct split_part(${name}, '.', 1) as key from ${place} where ${name} is not null`),
    ),
  );
  return [...new Set(used.flat().map(({ key }) => key))].sort();
}

/** A charge as a crash leaves it, its source sealed. */
async function leavesPendingCharge(w: World, owner: string): Promise<void> {
  const id = randomUUID();
  const { secrets } = w.souk.runtime.context('wallet', systemScope);
  await w.sql(
    `insert into wallet.charges (id, owner, gateway, currency, amount, state, source_sealed, at) values ($1, $2, 'simulated', 'USD', 100, 'pending', $3, $4)`,
    [id, owner, secrets.seal('4242424242424242', sourcePlace(id)), w.clock.now()],
  );
}

test('after resealing an old key can be taken away, and everything is read', async () => {
  const w = await world({ env: keys(second, first) });
  const lamp = await (await w.admin()).lists({ price: usd(20_00) });
  const bob = await w.buyer('bob', { balance: usd(50_00) });
  const shippingAddress = { street: '7 Singular Parade', city: 'Tunis', country: 'TN' };
  await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }], shippingAddress });
  await bob.patch('/v1/customers/bob', { address: '3 Rue du Lac' });
  await bob.post(`/v1/products/${lamp}/reviews`, { rating: 1, comment: 'Write to me@example.com' });
  await bob.post('/v1/auth/mfa/totp', { currentPassword: PASSWORD });
  const passport = await picture('teal');
  const wish = { key: randomUUID(), ownerId: bob.id, purpose: 'identity-document', subjectId: bob.id, ...announcing(passport) };
  const upload = await w.ask<Upload>('media', 'announce', wish);
  await sendFile(w, upload, passport);
  await w.step();
  await w.ask('media', 'attach', { id: upload.id });
  await leavesPendingCharge(w, bob.id);
  await bob.post('/v1/auth/change-password', { currentPassword: PASSWORD, newPassword: PASSWORD }); // a letter is owed
  expect(await keysInUse(w)).toEqual(['second']);

  const rotated = await w.sibling(keys(third, second, first));
  const counts = await resealAll(rotated.souk);
  expect(counts.get('identity')).toBe(7); // two emails, two details, a signing key, a second factor, a letter
  expect([counts.get('orders'), counts.get('moderation'), counts.get('media')]).toEqual([1, 1, 1]);
  expect(await keysInUse(w)).toEqual(['third']);
  expect(new Set((await resealAll(rotated.souk)).values())).toEqual(new Set([0]));
  expect(counts.get('wallet')).toBe(1);

  const after = await w.sibling(keys(third, first), { adapters: { storage: w.adapters.storage } });
  const signedIn = await after.post('/v1/auth/sign-in', { email: 'bob@example.com', password: PASSWORD });
  const again = after.withToken(bob, signedIn.body.accessToken);
  expect((await again.get('/v1/customers/bob')).body).toMatchObject({ address: '3 Rue du Lac', email: 'bob@example.com' });
  expect((await again.get('/v1/customers/bob/export')).body.orders).toMatchObject([{ shippingAddress }]);
  const { url } = await after.ask<{ url: string }>('media', 'readPrivate', { id: upload.id, seconds: 60 });
  expect((await sharp(await (await after.souk.fetch(new Request(url))).arrayBuffer()).metadata()).width).toBe(640);
  w.clock.advance(minutes(1));
  await after.step(); // the timer settles the charge, whose source it must read
  expect(await again.balance()).toEqual(usd(31_00));
  expect(after.mail('bob@example.com')?.subject).toBe('Your password was changed');
});

test('many pages, and changes beside them, lose nothing', async () => {
  const w = await world({ env: keys(second, first) });
  const people = [];
  for (let n = 0; n < 6; n++) people.push(await w.person(`bob${n}`));
  const rotated = await w.sibling(keys(third, second, first));
  const pages = async () => {
    let after: string | null = null;
    do ({ after } = await rotated.ask<{ after: string | null }>('identity', 'reseal', { after, limit: 2 }));
    while (after !== null);
  };

  const changes = people.map((person) =>
    rotated.withToken(person, person.token).patch(`/v1/customers/${person.username}`, { address: `home of ${person.username}` }),
  );
  const [answers] = await Promise.all([Promise.all(changes), pages(), pages()]);
  await pages();

  expect(answers.map(({ status }) => status)).toEqual(people.map(() => 200));
  expect(await keysInUse(w)).toEqual(['third']);
  for (const person of people) {
    const { body } = await rotated.withToken(person, person.token).get(`/v1/customers/${person.username}`);
    expect(body).toMatchObject({ address: `home of ${person.username}`, email: `${person.username}@example.com` });
  }
});

test('what is not resealed is missed when its key is taken away', async () => {
  const w = await world({ env: keys(second, first) });
  const bob = await w.person('bob');
  const without = await w.sibling(keys(third, first));
  expect((await without.withToken(bob, bob.token).get('/v1/customers/bob')).status).toBe(500);
});
