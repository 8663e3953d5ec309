import { beforeAll, describe, expect, test } from 'vitest';
import { PLATFORM_PASSWORD, type PlatformClient, platformClient, pool, said } from '../../../test/platform-client.ts';
import { enrol, WRONG } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let client: PlatformClient;
const post: PlatformClient['post'] = (...call) => client.post(...call);
const { bearer, customer, signUp } = {
  bearer: (token: string) => client.bearer(token),
  customer: (username: string) => client.customer(username),
  signUp: (username: string) => client.signUp(username),
};
const turns = async () => {
  for (let turn = 0; turn < 4; turn++) await w.step();
};
const subjects = (to: string) => w.adapters.email.items(to).map(({ subject }) => subject);

beforeAll(async () => {
  w = await world();
  client = platformClient(w);
  await w.person('keeper');
});

describe('an account of platform', () => {
  test.each(['clientId', 'userPoolId', 'username', 'password'])('needs %s to sign up, and to sign in', async (field) => {
    const body = { ...pool, username: 'ann@mail.example', password: PLATFORM_PASSWORD };
    const missing = [400, { error: 'Missing required fields' }];
    for (const path of ['/signup', '/signin'])
      for (const value of [undefined, null, '']) expect(said(await post(path, { ...body, [field]: value }))).toEqual(missing);
    expect(said(await post('/signup'))).toEqual(missing);
  });

  test('is active at once, and wrong passwords are refused in words of that API', async () => {
    const cleo = { ...pool, username: 'cleo@mail.example', password: PLATFORM_PASSWORD };
    expect(said(await post('/signup', { ...cleo, newsletter: true }))).toEqual([200, { message: 'User created successfully' }]);
    const refusal = [401, { error: 'There is no account with this name and password.' }];
    expect(said(await post('/signin', { ...cleo, password: 'another one' }))).toEqual(refusal);
    expect(said(await post('/signin', { ...cleo, username: 'nobody@mail.example' }))).toEqual(refusal);
    expect(said(await post('/signin', cleo))).toEqual([200, { token: expect.any(String) }]);
  });

  test('is one per email, also of ten at once, and what Souk alone refuses has a sentence', async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, () => signUp('dora@mail.example')));
    expect(ten.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    const taken = 'An account signs in by this email address already. Sign in, or sign up with another one.';
    expect(said(await signUp('DORA@mail.example'))).toEqual([409, { error: taken, message: taken }]);
    const short = '/password must have at least 8 characters';
    const weak = await post('/signup', { ...pool, username: 'eve@mail.example', password: 'short' });
    expect(said(weak)).toEqual([422, { error: short, message: short }]);
    expect((await post('/signup', { ...pool, username: 'no address', password: PLATFORM_PASSWORD })).status).toBe(422);
    expect((await post('/signup', { ...pool, username: 7, password: PLATFORM_PASSWORD })).status).toBe(422);
    expect((await w.fetch('/compat/platform/signup', { method: 'POST', body: 'no json' })).status).toBe(400);
  });

  test('has an unproven email until the mailed code comes back, and no password reset by it until then', async () => {
    const to = 'fay@mail.example';
    await customer(to);
    await turns();
    const reset = async () => {
      await w.post('/v1/auth/forgot-password', { email: to });
      await turns();
      return subjects(to).filter((subject) => subject === 'Your code for a new password').length;
    };
    expect(await reset()).toBe(0);
    const code = /\d{6}/.exec(w.mail(to)!.text)![0];
    expect((await w.post('/v1/auth/confirm-sign-up', { email: to, code })).status).toBe(200);
    expect(await reset()).toBe(1);
    expect((await post('/signin', { ...pool, username: to, password: PLATFORM_PASSWORD })).status).toBe(200);
  });

  test('loses its email to the first account that proves it, and is then not found by it', async () => {
    const to = 'gil@mail.example';
    await customer(to);
    await w.post('/v1/auth/sign-up', { email: to, fullName: 'Gil', username: 'gil', password: 'the real Gil' });
    await turns();
    const code = /\d{6}/.exec(w.adapters.email.items(to).find(({ text }) => text.includes('account gil'))!.text)![0];
    expect((await w.post('/v1/auth/confirm-sign-up', { username: 'gil', code })).status).toBe(200);
    expect((await post('/signin', { ...pool, username: to, password: PLATFORM_PASSWORD })).status).toBe(401);
    expect((await post('/signin', { ...pool, username: to, password: 'the real Gil' })).status).toBe(200);
  });

  test('that may not sign in, or only with its second factor, is told so', async () => {
    const to = 'ivy@mail.example';
    await customer(to);
    const signIn = (more = {}) => post('/signin', { ...pool, username: to, password: PLATFORM_PASSWORD, ...more });
    const { accessToken } = (await w.post('/v1/auth/sign-in', { email: to, password: PLATFORM_PASSWORD })).body;
    const { sub: id } = JSON.parse(atob(accessToken.split('.')[1]));
    const { app } = await enrol(w, w.withToken({ id, username: to }, accessToken), PLATFORM_PASSWORD);
    for (const more of [{}, WRONG]) expect(said(await signIn(more))).toEqual([401, { error: expect.any(String) }]);
    expect((await signIn({ code: app.next() })).status).toBe(200);
    const refused = [403, { error: expect.any(String), message: expect.any(String) }];
    await w.ask('identity', 'life.close', { accountId: id });
    expect(said(await signIn())).toEqual(refused);
    await w.ask('identity', 'life.reopen', { accountId: id });
    await w.sql(`update identity.accounts set state = 'suspended' where id = $1`, [id]);
    expect(said(await signIn())).toEqual(refused);
    await w.post('/v1/auth/sign-up', { email: 'jim@mail.example', fullName: 'Jim', password: PLATFORM_PASSWORD });
    expect(said(await signIn({ username: 'jim@mail.example' }))).toEqual(refused); // not confirmed
  });

  test('has an id token that opens this API for an hour, and no other route', async () => {
    const hal = await customer('hal@mail.example');
    expect((await hal.get('/orderslist')).status).toBe(200);
    const headers = { authorization: `Bearer ${hal.token}` };
    for (const path of ['/v1/auth/me', '/v1/orders', '/v1/notifications'])
      expect(await w.get(path, headers)).toBeProblem(401, 'unauthenticated');
    expect((await hal.get('/orderslist')).status).toBe(200);
    const { idToken } = (await w.post('/v1/auth/sign-in', { username: 'keeper', password: 'correct horse battery' })).body;
    expect((await bearer(idToken).get('/orderslist')).status).toBe(401);
  });
});
