import { beforeAll, describe, expect, test } from 'vitest';
import { tnd, usd } from '../../../test/people.ts';
import { said } from '../../../test/platform-client.ts';
import { enrol, WRONG } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

const PASSWORD = 'a basket for me';

let w: World;
let lamp: string;
let oil: string;

const post = (path: string, body?: unknown, token?: string) =>
  w.fetch(`/compat/${path}`, {
    method: 'POST',
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const turns = async () => {
  for (let turn = 0; turn < 4; turn++) await w.step();
};
const subjects = (to: string) => w.adapters.email.items(to).map(({ subject }) => subject);
const emailOf = (fullName: string) => `${fullName.toLowerCase().replaceAll(' ', '.')}@mail.example`;
async function mailedCode(fullName: string) {
  await turns();
  return /\d{6}/.exec(w.mail(emailOf(fullName))!.text)![0];
}
const signUp = (fullName: string) => post('auth/sign-up', { email: emailOf(fullName), fullName, password: PASSWORD });
const signIn = (fullName: string, password = PASSWORD) => post('auth/sign-in', { fullName, password });
async function customer(fullName: string): Promise<string> {
  await signUp(fullName);
  await post('auth/confirm-sign-up', { fullName, confirmationCode: await mailedCode(fullName) });
  return (await signIn(fullName)).body.tokens.AccessToken;
}

beforeAll(async () => {
  w = await world();
  const sue = await w.seller('sue');
  lamp = await sue.lists({ name: 'Lamp', category: 'electronics', description: 'It glows.', price: usd(12_50), stock: 40 });
  oil = await sue.lists({ name: 'Olive oil', category: 'food', price: tnd(32_500) });
});

describe('auth', () => {
  test('goes from sign-up to sign-out in the words of that API', async () => {
    expect(said(await signUp('Ann Lee'))).toEqual([200, { msg: 'Account created. Please varify your email.' }]);
    expect(said(await signIn('Ann Lee'))).toEqual([403, { message: expect.any(String) }]);
    const wrong = await post('auth/confirm-sign-up', { fullName: 'Ann Lee', confirmationCode: 'no code' });
    expect(said(wrong)).toEqual([403, { message: expect.any(String) }]);
    const confirmationCode = await mailedCode('Ann Lee');
    const confirmed = await post('auth/confirm-sign-up', { fullName: 'Ann Lee', confirmationCode });
    expect(said(confirmed)).toEqual([200, { msg: 'User successfully confirmed!' }]);
    expect(said(await signIn('Ann Lee', 'another one'))).toEqual([401, { message: 'There is no account with this name and password.' }]);
    const signedIn = await signIn('ann lee');
    expect(said(signedIn)).toEqual([
      200,
      {
        msg: 'User successfully signed in!',
        tokens: {
          ...{ AccessToken: expect.any(String), IdToken: expect.any(String), RefreshToken: expect.any(String) },
          ...{ ExpiresIn: 3600, TokenType: 'Bearer' },
        },
      },
    ]);
    const { AccessToken: accessToken, IdToken, RefreshToken } = signedIn.body.tokens;
    expect(JSON.parse(atob(accessToken.split('.')[1]))).toMatchObject({ username: 'Ann_Lee' });
    const headers = (token: string) => ({ authorization: `Bearer ${token}` });
    expect((await w.get('/v1/auth/me', headers(accessToken))).status).toBe(200);
    expect(said(await post('order/create-order', { id: lamp, quantity: 1 }, IdToken))).toEqual([401, { message: expect.any(String) }]);
    const signedOut = [200, { msg: 'User succesfully signed out!' }];
    for (const _ of [1, 2]) expect(said(await post('auth/sign-out', { accessToken }))).toEqual(signedOut);
    expect(await w.get('/v1/auth/me', headers(accessToken))).toBeProblem(401, 'unauthenticated');
    expect((await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: RefreshToken })).status).toBe(401);
    for (const token of [`${accessToken}x`, IdToken, 'x'])
      expect(said(await post('auth/sign-out', { accessToken: token }))).toEqual([401, { message: expect.any(String) }]);
  });

  test('tells whom it does not let in, or only with a second factor', async () => {
    const token = await customer('Ivo Ash');
    const signIn = (more = {}) => post('auth/sign-in', { fullName: 'Ivo Ash', password: PASSWORD, ...more });
    const { sub: id } = JSON.parse(atob(token.split('.')[1]!));
    const { app } = await enrol(w, w.withToken({ id, username: 'Ivo_Ash' }, token), PASSWORD);
    for (const more of [{}, WRONG]) expect(said(await signIn(more))).toEqual([401, { message: expect.any(String) }]);
    expect((await signIn({ code: app.next() })).status).toBe(200);
    const refused = [403, { message: expect.any(String) }];
    await w.ask('identity', 'life.close', { accountId: id });
    expect(said(await signIn())).toEqual(refused);
    await w.ask('identity', 'life.reopen', { accountId: id });
    await w.sql(`update identity.accounts set state = 'suspended' where id = $1`, [id]);
    expect(said(await signIn())).toEqual(refused);
  });

  test('people who signed up elsewhere sign in here by their username, which may end in a number', async () => {
    for (const fullName of ['Dan Elm', 'Dan Elm']) {
      const email = `dan${Math.random()}@mail.example`;
      const { username } = (await w.post('/v1/auth/sign-up', { email, fullName, password: PASSWORD })).body.user;
      await turns();
      const code = /\d{6}/.exec(w.mail(email)!.text)![0];
      await w.post('/v1/auth/confirm-sign-up', { username, code });
      const tokens = (await signIn(username.replaceAll('_', ' '))).body.tokens;
      expect(JSON.parse(atob(tokens.AccessToken.split('.')[1]))).toMatchObject({ username });
    }
  });

  test('refuses a full name whose username is taken, instead of numbering it', async () => {
    await signUp('Ben Oak');
    const again = await post('auth/sign-up', { email: 'other@mail.example', fullName: 'ben  oak', password: PASSWORD });
    expect(said(again)).toEqual([409, { message: 'The username ben_oak is taken. Choose another one.' }]);
    expect(said(await signUp('admin'))).toEqual([409, { message: expect.any(String) }]);
  });

  test('tokens live an hour, and a session that ended in it stays ended', async () => {
    const token = await customer('Cal Elm');
    const other = (await signIn('Cal Elm')).body.tokens.AccessToken;
    await post('auth/sign-out', { accessToken: other });
    w.clock.advance(3_500_000);
    const me = (of: string) => w.get('/v1/auth/me', { authorization: `Bearer ${of}` });
    expect((await me(token)).status).toBe(200);
    expect((await me(other)).status).toBe(401);
    const late = await w.sibling();
    expect((await late.get('/v1/auth/me', { authorization: `Bearer ${other}` })).status).toBe(401);
    w.clock.advance(200_000);
    expect((await me(token)).status).toBe(401);
  });

  test.each([
    ['auth/sign-up', {}],
    ['auth/sign-up', { email: 'no address', fullName: 'Dee Ash', password: PASSWORD }],
    ['auth/sign-up', { email: 'dee@mail.example', fullName: 'Dee Ash', password: 'short' }],
    ['auth/sign-up', { email: 'dee@mail.example', fullName: 7, password: PASSWORD }],
    ['auth/confirm-sign-up', { fullName: 'Dee Ash' }],
    ['auth/sign-in', { fullName: 'Dee Ash' }],
    ['auth/sign-out', {}],
  ])('%s refuses %j with a sentence', async (path, body) => {
    expect(said(await post(path, body))).toEqual([422, { message: expect.any(String) }]);
  });
});

describe('products and categories', () => {
  test('are listed as that API lists them, priced in the default currency', async () => {
    const { status, body } = await w.get('/compat/product/approve-products');
    expect([status, body]).toEqual([
      200,
      {
        products: [
          {
            id: { S: lamp },
            fileName: { S: '' },
            productName: { S: 'Lamp' },
            productPrice: { N: '12.5' },
            description: { S: 'It glows.' },
            quantity: { N: '40' },
            category: { S: 'Electronics' },
            imageUrl: { S: '' },
            isApproved: { BOOL: true },
            email: { S: 'sue' },
            createdAt: { S: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) },
          },
        ],
      },
    ]);
    const categories = (await w.get('/compat/category/categories')).body;
    expect(categories).toContainEqual({ categoryName: 'Phones', imageUrl: '' });
  });
});

describe('an order', () => {
  test('is queued, then shipped by a job, and its buyer mailed', async () => {
    const token = await customer('Eli Fir');
    const created = await post('order/create-order', { id: lamp, quantity: 2, gift: true }, token);
    expect(said(created)).toEqual([200, { message: 'order placed successfully', orderId: expect.any(String) }]);
    const state = async () => (await w.get(`/v1/orders/${created.body.orderId}`, { authorization: `Bearer ${token}` })).body.state;
    expect(await state()).toBe('placed');
    await turns();
    expect(await state()).toBe('shipped');
    expect(subjects(emailOf('Eli Fir'))[0]).toBe('Lamp now shipping');
  });

  test('is one for a double click, also where the quantity comes as text', async () => {
    const token = await customer('Flo Yew');
    const replies = await Promise.all([1, '1', 1].map((quantity) => post('order/create-order', { id: lamp, quantity }, token)));
    expect(new Set(replies.map(({ body }) => body.orderId)).size).toBe(1);
    w.clock.advance(10_500);
    expect((await post('order/create-order', { id: lamp, quantity: 1 }, token)).body.orderId).not.toBe(replies[0]!.body.orderId);
  });

  test('costs what is shown, or is refused', async () => {
    const sid = await w.person('sid');
    const keeper = await w.person('keeper', ['admin']);
    const id = await keeper.lists({
      ...{ name: 'Rug', category: 'accessories', price: usd(0) },
      variants: [
        { options: { size: 'S' }, price: usd(5_00), stock: 1 },
        { options: { size: 'L' }, price: usd(50_00), stock: 9 },
      ],
    });
    const refused = [409, { message: expect.stringContaining('not enough units') }];
    expect(said(await post('order/create-order', { id, quantity: 2 }, sid.token))).toEqual(refused);
    expect((await post('order/create-order', { id, quantity: 1 }, sid.token)).status).toBe(200);
    expect(said(await post('order/create-order', { id, quantity: 3 }, sid.token))).toEqual(refused);
  });

  test('that is too large, or of somebody who is leaving, is refused with a sentence', async () => {
    const refused = [409, { message: expect.any(String) }];
    const [sid, keeper] = [await w.person('sid'), await w.person('keeper', ['admin'])];
    const gold = await keeper.lists({ name: 'Gold', price: usd(99_999_999_999), stock: 50 });
    expect(said(await post('order/create-order', { id: gold, quantity: 11 }, sid.token))).toEqual(refused);
    await w.ask('orders', 'life.close', { accountId: sid.id });
    expect(said(await post('order/create-order', { id: gold, quantity: 1 }, sid.token))).toEqual(refused);
  });

  test('of another API reaches neither of the queues of these APIs', async () => {
    const [bob, ada] = [await w.buyer('bob', { balance: usd(90_00) }), await w.person('ada')];
    const sent = async () =>
      (
        await w.sql<{ count: number }>(
          `select count(*)::int as count from pgboss.job where name in ('microservices/orders.order-placed.v1', 'platform/orders.order-placed.v1')`,
        )
      )[0]!.count;
    await turns(); // of orders before
    const before = await sent();
    for (const quantity of [1, 2]) expect((await bob.post('/v1/orders', { items: [{ productId: lamp, quantity }] })).status).toBe(201);
    await turns();
    expect(await sent()).toBe(before);
    await post('order/create-order', { id: lamp, quantity: 1 }, ada.token);
    await turns();
    expect(await sent()).toBe(before + 1);
  });

  test('that was cancelled before its turn stays cancelled, and the same one after that is another', async () => {
    const token = await customer('Gus Box');
    const { orderId } = (await post('order/create-order', { id: lamp, quantity: 3 }, token)).body;
    const headers = { authorization: `Bearer ${token}` };
    await w.post(`/v1/orders/${orderId}/cancel`, {}, headers);
    await turns();
    expect((await w.get(`/v1/orders/${orderId}`, headers)).body.state).toBe('cancelled');
    const again = await post('order/create-order', { id: lamp, quantity: 3 }, token);
    expect(again.body.orderId).not.toBe(orderId);
  });

  test.each([
    [{}, 422],
    [{ id: 'LAMP' }, 422],
    [{ id: 'LAMP', quantity: 0 }, 422],
    [{ id: 'LAMP', quantity: 'two' }, 422],
    [{ id: '7', quantity: 1 }, 404],
    [{ id: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', quantity: 1 }, 404],
    [{ id: 'OIL', quantity: 1 }, 404],
    [{ id: 'LAMP', quantity: 4000 }, 409],
  ])('of %j is refused with a sentence', async (body, status) => {
    const token = (await signIn('Eli Fir')).body.tokens.AccessToken;
    const asked = JSON.parse(JSON.stringify(body).replace('LAMP', lamp).replace('OIL', oil));
    expect(said(await post('order/create-order', asked, token))).toEqual([status, { message: expect.any(String) }]);
  });

  test('needs a Bearer token', async () => {
    expect(said(await post('order/create-order', { id: lamp, quantity: 1 }))).toEqual([401, { message: expect.any(String) }]);
  });
});
