import { expect, test } from 'vitest';
import { PASSWORD, usd } from '../../../test/people.ts';
import { enrol } from '../../../test/second-factor.ts';
import { world } from '../../../test/world.ts';
import { LONGEST } from './export-customer.ts';

test('Bob takes along all that is known of him, and nothing of others', async () => {
  const w = await world();
  const [root, sue] = [await w.admin(), await w.buyer('sue', { balance: usd(9_00) })];
  const lamp = await root.lists({ price: usd(20_00) });
  const bob = await w.buyer('bob', { balance: usd(50_00) });
  const vase = await bob.lists({ name: 'Vase', price: usd(5_00) });
  const shippingAddress = { street: '7 Singular Parade', city: 'Tunis', country: 'TN' };
  const order = await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 2 }], shippingAddress });
  const song = [{ productId: await root.lists({ name: 'Song', price: usd(1_00) }), quantity: 1 }];
  const sent = await bob.post('/v1/orders', { items: song, payment: 'cash_on_delivery' });
  await bob.post('/v1/customers/bob/wallet/deduct', { ...usd(1_00), reason: 'to my card' });

  const google = { provider: 'google', subject: 'b', email: 'bob@example.com', emailVerified: true, fullName: null };
  await w.ask('identity', 'accountOfLink', google);

  const { status, body } = await bob.get('/v1/customers/bob/export');

  expect(status).toBe(200);
  expect(body.customer).toEqual((await bob.get('/v1/customers/bob')).body);
  expect(body.sessions).toHaveLength(1);
  expect(body.links).toMatchObject([{ provider: 'google' }]);
  expect(body.wallet.balances).toEqual([{ currency: 'USD', purpose: 'available', balance: 9_00 }]);
  expect(body.wallet.statement).toEqual((await bob.get('/v1/customers/bob/wallet/transfers')).body.items);
  expect(body.wallet.charges).toMatchObject([{ amount: 50_00, state: 'succeeded', gateway: 'simulated' }]);
  expect(body.wallet.deductions).toMatchObject([{ amount: 1_00, reason: 'to my card' }]);
  expect(body.orders).toMatchObject([
    { id: sent.body.id, shippingAddress: null },
    { id: order.body.id, shippingAddress, total: usd(40_00), items: [{ productId: lamp, quantity: 2 }] },
  ]);
  expect(body.products).toMatchObject([{ id: vase, name: 'Vase' }]);
  expect(body.cut).toEqual([]);
  expect(JSON.stringify(body)).not.toContain(sue.id);
});

test('what he wrote of others, what was decided of his, what he may and which keys he made go along too', async () => {
  const w = await world();
  const root = await w.admin();
  const [lamp, vase] = [await root.lists({ price: usd(20_00) }), await root.lists({ name: 'Vase', price: usd(5_00) })];
  const [bob, eve] = [await w.person('bob', ['moderator', 'operator']), await w.person('eve')];
  const his = await bob.post(`/v1/products/${lamp}/reviews`, { rating: 2, comment: 'It fell.' });
  await root.post(`/v1/reviews/${his.body.id}/moderation`, { action: 'remove', reason: 'Another lamp.' });
  const hers = await eve.post(`/v1/products/${vase}/reviews`, { rating: 5, comment: 'Mine.' });
  await bob.post(`/v1/reviews/${hers.body.id}/flag`, { reason: 'She made it herself.' });
  const made = await bob.post('/v1/api-keys', { name: 'Couriers', scopes: ['orders:ship'] });
  await w.partner('Others', ['orders:ship']);

  const { body } = await bob.get('/v1/customers/bob/export');

  expect(body).toMatchObject({ roles: ['moderator', 'operator'], hasSecondFactor: false, cut: [] });
  expect(body.reviews).toMatchObject([{ state: 'removed', reason: 'Another lamp.', verifiedPurchase: false }]);
  expect(body.flags).toEqual([{ reviewId: hers.body.id, reason: 'She made it herself.', createdAt: expect.any(String) }]);
  expect(body.apiKeys).toMatchObject([{ id: made.body.id, name: 'Couriers', scopes: ['orders:ship'] }]);
  for (const secret of [made.body.key, eve.id, root.id]) expect(JSON.stringify(body)).not.toContain(secret);
  const { person: enrolled } = await enrol(w, await w.person('bob'));
  expect((await enrolled.get('/v1/customers/bob/export')).body.hasSecondFactor).toBe(true);
});

test('a list that is too long is cut, and the export says so', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await w.sql(
    `insert into wallet.deductions (id, owner, kind, gateway, currency, amount, at)
     select gen_random_uuid(), $1, 'withdrawal', 'simulated', 'USD', n, now() from generate_series(1, $2) as n`,
    [bob.id, LONGEST + 5],
  );
  const { body } = await bob.get('/v1/customers/bob/export');
  expect(body.wallet.deductions).toHaveLength(LONGEST);
  expect(body.cut).toEqual(['wallet.deductions']);
});

test('a browser saves it under the name of the account, in all scripts, and no cache on the way stores it', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const { headers } = await bob.get('/v1/customers/BOB/export');
  expect(headers.get('content-disposition')).toBe('attachment; filename="souk-bob.json"');
  expect(headers.get('cache-control')).toBe('no-store');

  const amal = { username: 'أمل_بن.صالح', password: PASSWORD };
  await w.ask('identity', 'ensureAccount', { ...amal, fullName: 'Amal', email: null });
  const { body: tokens } = await w.post('/v1/auth/sign-in', amal);
  const authorization = `Bearer ${tokens.accessToken}`;
  const hers = await w.get(`/v1/customers/${encodeURIComponent(amal.username)}/export`, { authorization });
  expect(hers.status).toBe(200);
  const [, encoded] =
    /^attachment; filename="souk-[_.]+json"; filename\*=UTF-8''(\S+)$/.exec(hers.headers.get('content-disposition') ?? '') ?? [];
  expect(decodeURIComponent(encoded ?? '')).toBe('souk-أمل_بن.صالح.json');
  expect((await (await w.person('eve')).get('/v1/customers/bob/export')).headers.get('content-disposition')).toBeNull();
});

test('other customers and staff cannot export the account', async () => {
  const w = await world();
  await w.person('bob');
  expect(await (await w.person('eve')).get('/v1/customers/bob/export')).toBeProblem(404, 'not-found');
  expect(await (await w.admin()).get('/v1/customers/bob/export')).toBeProblem(404, 'not-found');
  expect(await w.get('/v1/customers/bob/export')).toBeProblem(401, 'unauthenticated');
});
