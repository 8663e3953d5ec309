import { expect, test } from 'vitest';
import { minutes, seconds } from '#kernel/clock.ts';
import { asCompleted } from '../../../test/delivered.ts';
import { PASSWORD, type Person, usd } from '../../../test/people.ts';
import { enrol } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

const her = {
  username: 'Zulema_Quixano',
  fullName: 'Zulema Quixano Verbatim',
  address: '99 Unmistakable Crescent',
  email: 'zulema.unique@example.com',
  phone: '+21699887766',
};

const street = '7 Singular Parade';

const stateOf = async (w: World, id: string) =>
  (await w.sql<{ state: string }>('select state from identity.accounts where id = $1', [id]))[0]?.state;

const proven = async (w: World) => expect((await w.ask<{ ok: boolean }>('wallet', 'prove', {})).ok).toBe(true);

async function zulema(w: World): Promise<Person> {
  await w.post('/v1/customers', { ...her, phone: undefined, password: PASSWORD, age: 44, gender: 'female', maritalStatus: 'widowed' });
  const { body } = await w.post('/v1/auth/sign-in', { username: her.username, password: PASSWORD });
  const { body: me } = await w.get('/v1/auth/me', { authorization: `Bearer ${body.accessToken}` });
  return w.withToken({ id: me.id, username: her.username }, body.accessToken);
}

test('a deleted account leaves nothing of the person anywhere, and the books are right', async () => {
  const w = await world();
  const lamp = await (await w.admin()).lists({ price: usd(20_00) });
  const z = await zulema(w);
  await z.patch(`/v1/customers/${z.username}`, { phone: her.phone });
  const vase = await z.lists({ name: 'Vase', price: usd(5_00) });
  await z.charge(usd(50_00));
  const shippingAddress = { name: her.fullName, street, city: 'Tunis', country: 'TN', phone: her.phone };
  expect((await z.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }], shippingAddress })).status).toBe(201);
  const comment = `Call ${her.fullName} on ${her.phone}, or come to ${her.address}.`;
  expect((await z.post(`/v1/products/${lamp}/reviews`, { rating: 4, comment })).body.state).toBe('pending'); // waits for a moderator, with an excerpt
  await z.post('/v1/auth/mfa/totp', { currentPassword: PASSWORD });
  await z.post(`/v1/customers/${z.username}/wallet/deduct`, { ...usd(30_00), reason: `to ${her.fullName}` });
  await w.step();
  await asCompleted(w);
  const before = (await w.dump()).toLowerCase();
  expect(before).toContain(her.username.toLowerCase());

  expect((await z.delete(`/v1/customers/${z.username}`)).status).toBe(204);

  await w.step();
  const after = (await w.dump()).toLowerCase();
  expect(after).toContain(z.id); // the tables were read, and the ids are there
  for (const word of [...Object.values(her), street]) expect(after.includes(word.toLowerCase()), word).toBe(false);
  expect((await w.sql(`select 1 from orders.orders where address_sealed is not null`)).length).toBe(0);
  expect(await w.sql('select author, excerpt_sealed, state from moderation.items')).toEqual([
    { author: z.id, excerpt_sealed: null, state: 'decided' },
  ]);
  expect(await w.sql('select account_id from identity.second_factors')).toEqual([]);
  expect(await w.get(`/v1/products/${vase}`)).toBeProblem(404, 'not-found');
  expect((await w.sql('select state, seller_username from catalog.products where id = $1', [vase]))[0]).toEqual({
    state: 'archived',
    seller_username: 'deleted user',
  });
  await proven(w);
});

test('what others wrote of them goes too: reasons of moderators, of flags, and of a rejected product', async () => {
  const w = await world();
  const [root, bob] = [await w.admin(), await w.person('bob')];
  const [lamp, vase] = [await root.lists({ price: usd(20_00) }), await root.lists({ name: 'Vase', price: usd(5_00) })];
  const z = await zulema(w);
  await z.post(`/v1/products/${lamp}/reviews`, { rating: 1, comment: 'Ring me on +21699887700.' });
  const { body: fine } = await z.post(`/v1/products/${vase}/reviews`, { rating: 4, comment: 'Fine.' });
  await bob.post(`/v1/reviews/${fine.id}/flag`, { reason: `She lives at ${her.address}.` });
  await w.step();
  const [item] = (await root.get('/v1/moderation/queue')).body.items;
  await root.post(`/v1/moderation/${item.id}/decision`, { decision: 'remove', reason: `It is ${her.fullName}'s number.` });
  const draft = await z.post('/v1/products', { name: 'Cup', category: 'food', price: usd(1_00), stock: 1 });
  await z.post(`/v1/products/${draft.body.id}/submit`);
  await root.post(`/v1/products/${draft.body.id}/reject`, { reason: `Not of ${her.fullName}.` });
  await w.step();
  expect((await z.get(`/v1/customers/${her.username}/reviews`)).body.items).toMatchObject([
    { id: fine.id },
    { state: 'removed', reason: `It is ${her.fullName}'s number.` },
  ]);

  expect((await z.delete(`/v1/customers/${z.username}`)).status).toBe(204);

  await w.step();
  const after = (await w.dump()).toLowerCase();
  expect(after).toContain(item.id);
  for (const word of [her.fullName, her.address]) expect(after.includes(word.toLowerCase()), word).toBe(false);
});

test('a token that was refreshed long after the sign-in deletes nothing; a token of a new sign-in does', async () => {
  const w = await world();
  const signIn = async () => (await w.post('/v1/auth/sign-in', { username: 'ida', password: PASSWORD })).body;
  const ida = await w.person('ida');
  const session = await signIn();
  const leave = (token: string) => w.withToken(ida, token).delete('/v1/customers/ida');

  w.clock.advance(minutes(10));
  const { body: thief } = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: session.refreshToken });
  expect(await leave(thief.accessToken)).toBeProblem(403, 'sign-in-again');
  expect(await stateOf(w, ida.id)).toBe('active');

  expect((await leave((await signIn()).accessToken)).status).toBe(204);
});

test('an account with a second factor steps up first', async () => {
  const w = await world();
  const { person: bob, app } = await enrol(w, await w.person('bob'));
  const { body } = await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD, code: app.next() });
  const refreshed = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken });
  const plain = w.withToken(bob, refreshed.body.accessToken);
  expect(await plain.delete('/v1/customers/bob')).toBeProblem(403, 'mfa-required');
  const stepped = await plain.post('/v1/auth/step-up', { code: app.next() });
  expect((await w.withToken(bob, stepped.body.accessToken).delete('/v1/customers/bob')).status).toBe(204);
});

test('nobody can sign in any more, in any process, and the name stays taken for ever', async () => {
  const w = await world();
  const other = await w.sibling();
  const z = await zulema(w);
  expect((await z.delete(`/v1/customers/${z.username}`)).status).toBe(204);

  const headers = { authorization: `Bearer ${z.token}` };
  for (const process of [w, other]) expect(await process.get('/v1/auth/me', headers)).toBeProblem(401, 'unauthenticated');
  expect(await w.post('/v1/auth/sign-in', { username: her.username, password: PASSWORD })).toBeProblem(401, 'identity/wrong-credentials');
  const again = await w.post('/v1/customers', {
    ...her,
    phone: undefined,
    password: PASSWORD,
    age: 44,
    gender: 'other',
    maritalStatus: 'single',
  });
  expect(again).toBeProblem(409, 'identity/username-taken');
  const root = await w.admin();
  expect(await root.get(`/v1/customers/${her.username}`)).toBeProblem(404, 'not-found');
  expect((await root.get('/v1/customers')).body.items.map(({ username }: { username: string }) => username)).toEqual(['root']);
});

test('another version than the one that was seen is not deleted, and somebody else’s is not there', async () => {
  const w = await world();
  const [bob, eve] = [await w.person('bob'), await w.person('eve')];
  expect(await bob.delete('/v1/customers/bob', { 'if-match': '"7"' })).toBeProblem(412, 'version-mismatch');
  expect(await eve.delete('/v1/customers/bob')).toBeProblem(404, 'not-found');
  expect(await (await w.admin()).delete('/v1/customers/bob')).toBeProblem(404, 'not-found');
  expect(await stateOf(w, bob.id)).toBe('active');
});

test('a deletion that is under way is not begun again', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await crashed(w, bob, 'closing');
  expect(await bob.delete('/v1/customers/bob')).toBeProblem(409, 'still-running');
});

const crashed = (w: World, { id }: Person, state: string) =>
  w.sql('insert into customers.closures (account_id, state, lease_until, begun_at) values ($1, $2, $3, $3)', [
    id,
    state,
    new Date(w.clock.now().getTime() + seconds(30)),
  ]);

test.each(['closing', 'erasing'])('what a crash left %s is erased by the timer', async (state) => {
  const w = await world();
  const bob = await w.person('bob');
  await w.ask('identity', 'life.close', { accountId: bob.id });
  await crashed(w, bob, state);
  await w.step();
  expect(await stateOf(w, bob.id)).toBe('closing'); // its runner may be alive
  w.clock.advance(minutes(1));
  await w.step();
  expect(await stateOf(w, bob.id)).toBe('erased');
  expect(await w.sql('select state from customers.closures')).toEqual([{ state: 'erased' }]);
});

test.each(['closing', 'reopening'])('what a crash left %s with money in the wallet is open again', async (state) => {
  const w = await world();
  const bob = await w.buyer('bob', { balance: usd(5_00) });
  await w.ask('identity', 'life.close', { accountId: bob.id });
  await w.ask('wallet', 'life.close', { accountId: bob.id });
  await crashed(w, bob, state);
  expect(await bob.get('/v1/auth/me')).toBeProblem(401, 'unauthenticated');
  w.clock.advance(minutes(1));
  await w.step();
  expect(await stateOf(w, bob.id)).toBe('active');
  expect(await w.sql('select 1 from customers.closures')).toEqual([]);
  expect((await (await w.person('bob')).charge(usd(1_00))).status).toBe(201);
});

test('of a deletion and charges at once, no money ends on an account that is erased', async () => {
  const w = await world();
  const other = await w.sibling();
  for (let round = 0; round < 8; round++) {
    const bob = await w.person(`bob${round}`);
    const elsewhere = other.withToken(bob, bob.token);
    const replies = await Promise.all([
      bob.delete(`/v1/customers/${bob.username}`),
      ...[1, 2, 3].map(() => elsewhere.charge(usd(1_00))),
      bob.delete(`/v1/customers/${bob.username}`),
    ]);
    const state = await stateOf(w, bob.id);
    const [{ sum }] = (await w.sql<{ sum: number }>('select coalesce(sum(balance), 0)::int as sum from wallet.accounts where owner = $1', [
      bob.id,
    ])) as [{ sum: number }];
    if (state === 'erased') expect(sum).toBe(0);
    expect(['active', 'erased']).toContain(state);
    expect(replies.some(({ status }) => status === 204)).toBe(state === 'erased');
  }
  w.clock.advance(minutes(3));
  await w.step();
  expect(
    await w.sql(
      `select 1 from wallet.accounts as m join identity.accounts as a on a.id::text = m.owner where a.state = 'erased' and m.balance <> 0`,
    ),
  ).toEqual([]);
  await proven(w);
});

test('nothing is charged by, bought from, or bought by an account that is being closed, even if the call was let in before', async () => {
  const w = await world();
  const [bob, sue] = [await w.buyer('bob', { balance: usd(50_00) }), await w.person('sue')];
  const lamp = await (await w.admin()).lists({ price: usd(20_00) });
  const vase = await sue.lists({ name: 'Vase', price: usd(5_00) });
  await w.ask('orders', 'life.close', { accountId: sue.id });
  expect(await bob.post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] })).toBeProblem(409, 'orders/party-left');
  expect(await bob.post('/v1/sales', { good: 'Vase' })).toBeProblem(409, 'orders/party-left');
  await w.step();
  expect(await bob.balance()).toEqual(usd(50_00));

  await w.ask('orders', 'life.close', { accountId: bob.id });
  expect(await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).toBeProblem(409, 'orders/party-left');
  await w.step();
  expect(await bob.balance()).toEqual(usd(50_00));

  await w.ask('wallet', 'life.close', { accountId: bob.id });
  expect(await bob.charge(usd(1_00))).toBeProblem(503, 'unavailable');
  await w.ask('wallet', 'life.forget', { accountId: bob.id });
  expect(await bob.charge(usd(1_00))).toBeProblem(402, 'wallet/charge-declined');
  w.clock.advance(minutes(1));
  await w.step();
  expect(await w.sql(`select 1 from wallet.charges where state = 'pending' or source_sealed is not null`)).toEqual([]);
  expect(await bob.balance()).toEqual(usd(0)); // nobody asked for blockers here: what was left is unclaimed
  const { balances } = (await (await w.person('fred', ['finance'])).get('/v1/ledger/platform')).body;
  expect(balances).toContainEqual({ purpose: 'unclaimed', currency: 'USD', balance: 50_00 });
  await proven(w);
});
