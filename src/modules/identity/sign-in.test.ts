import { expect, test } from 'vitest';
import { PASSWORD } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

const signIn = (w: World, body: object) => w.post('/v1/auth/sign-in', body);
const basic = (name: string, password: string) => ({ authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` });
const token = (w: World, headers: Record<string, string>) => w.fetch('/v1/auth/token', { method: 'POST', headers });
const tokens = {
  accessToken: expect.any(String),
  idToken: expect.any(String),
  refreshToken: expect.any(String),
  expiresIn: 600,
  tokenType: 'Bearer',
};

test.each([
  { username: 'bob' },
  { username: 'BOB' },
  { email: 'bob@example.com' },
  { email: 'Bob@Example.COM' },
  { username: 'bob@example.com' },
])('Bob signs in as %j', async (name) => {
  const w = await world();
  await w.person('bob');
  const answer = await signIn(w, { ...name, password: PASSWORD });
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual(tokens);
  expect((await w.get('/v1/auth/me', { authorization: `Bearer ${answer.body.accessToken}` })).body).toMatchObject({
    username: 'bob',
    email: 'bob@example.com',
    roles: [],
    permissions: [],
  });
});

test('an unknown name and a wrong password are answered alike', async () => {
  const w = await world();
  await w.person('bob');
  const wrong = await signIn(w, { username: 'bob', password: 'not his password' });
  expect(wrong).toBeProblem(401, 'identity/wrong-credentials');
  for (const name of [{ username: 'nobody' }, { email: 'nobody@example.com' }, { email: 'bob@example.com' }, { email: 'no address' }]) {
    expect((await signIn(w, { ...name, password: 'not his password' })).body).toEqual(wrong.body);
  }
});

/** Of the processor time of this process, in milliseconds, whatever else the machine is at; Argon2's threads count too. */
async function workOf(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test('an unknown name takes the work of a wrong password', async () => {
  const w = await world();
  await w.person('bob');
  const names = [{ username: 'bob' }, { username: 'nobody' }, { email: 'bob@example.com' }, { email: 'nobody@example.com' }];
  const work = names.map((): number[] => []);
  for (let round = 0; round < 7; round++)
    for (const [index, name] of names.entries())
      work[index]?.push(await workOf(() => signIn(w, { ...name, password: 'not his password' })));
  const [known = 0, unknown = 0, knownEmail = 0, unknownEmail = 0] = work.map((times) => times.sort((a, b) => a - b)[3] ?? 0);
  expect(unknown / known).toBeGreaterThan(0.6); // without the hash it would be a tenth
  expect(unknownEmail / knownEmail).toBeGreaterThan(0.75); // one hash of the two would be half
});

test('only a caller who knows the password learns that the email is not confirmed', async () => {
  const w = await world();
  await w.post('/v1/auth/sign-up', { email: 'jane@example.com', password: 'a password of hers', fullName: 'Jane Doe' });
  for (const name of [{ username: 'Jane_Doe' }, { email: 'jane@example.com' }]) {
    expect(await signIn(w, { ...name, password: 'a password of hers' })).toBeProblem(403, 'identity/not-confirmed');
    expect(await signIn(w, { ...name, password: 'not her password' })).toBeProblem(401, 'identity/wrong-credentials');
  }
  expect(await w.sql('select 1 from identity.sessions')).toEqual([]);
});

test('only a caller who knows the password learns that the account is suspended', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await w.sql(`update identity.accounts set state = 'suspended' where id = $1`, [bob.id]);
  expect(await signIn(w, { username: 'bob', password: PASSWORD })).toBeProblem(403, 'identity/account-suspended');
  expect(await signIn(w, { username: 'bob', password: 'not his password' })).toBeProblem(401, 'identity/wrong-credentials');
});

test('so is whose account is being closed, and it is not called a wrong password', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await w.ask('identity', 'life.close', { accountId: bob.id });
  expect(await signIn(w, { username: 'bob', password: PASSWORD })).toBeProblem(403, 'identity/account-closing');
  expect(await token(w, basic('bob', PASSWORD))).toBeProblem(403, 'identity/account-closing');
  expect(await signIn(w, { username: 'bob', password: 'not his password' })).toBeProblem(401, 'identity/wrong-credentials');
  await w.ask('identity', 'life.reopen', { accountId: bob.id });
  expect((await signIn(w, { username: 'bob', password: PASSWORD })).status).toBe(200);
});

test('an erased account signs nobody in', async () => {
  const w = await world();
  const bob = await w.person('bob');
  expect((await bob.delete('/v1/customers/bob')).status).toBe(204);
  expect(await signIn(w, { username: 'bob', password: PASSWORD })).toBeProblem(401, 'identity/wrong-credentials');
  expect(await w.get('/v1/auth/me', { authorization: `Bearer ${bob.token}` })).toBeProblem(401, 'unauthenticated');
});

test('a password may be written in any Unicode form, and an account that Souk made may have a short one', async () => {
  const w = await world();
  await w.ask('identity', 'ensureAccount', { username: 'zoe', password: 'Zoé', fullName: 'Zoé', email: null });
  expect((await signIn(w, { username: 'zoe', password: 'Zoe\u0301' })).status).toBe(200);
});

test.each([
  { password: 'x' },
  { username: 'bob' },
  { username: 'bob', email: 'bob@example.com', password: 'x' },
  { username: 'bob', password: 'x', roles: ['admin'] },
  { username: 'bob', password: 7 },
])('a sign-in with %j is malformed', async (body) => {
  const w = await world();
  expect(await signIn(w, body)).toBeProblem(422, 'invalid');
});

test.each(['bob', 'bob@example.com'])(
  'Basic credentials of %s give the same tokens, in this API’s words and in those of OAuth',
  async (name) => {
    const w = await world();
    await w.person('bob');
    const { status, body } = await token(w, basic(name, PASSWORD));
    expect(status).toBe(200);
    expect(body).toMatchObject(tokens);
    expect(body).toMatchObject({
      access_token: body.accessToken,
      id_token: body.idToken,
      refresh_token: body.refreshToken,
      expires_in: 600,
      token_type: 'Bearer',
    });
    expect((await w.get('/v1/auth/me', { authorization: `Bearer ${body.access_token}` })).status).toBe(200);
  },
);

test('a password in Basic credentials may hold colons and letters of any alphabet', async () => {
  const w = await world();
  await w.ask('identity', 'ensureAccount', { username: 'amal', password: 'أمل:أمل:x', fullName: 'Amal', email: null });
  expect((await token(w, basic('amal', 'أمل:أمل:x'))).status).toBe(200);
});

test('Basic credentials that are wrong, not confirmed or suspended are refused as at sign-in', async () => {
  const w = await world();
  const bob = await w.person('bob');
  expect(await token(w, basic('bob', 'not his password'))).toBeProblem(401, 'identity/wrong-credentials');
  expect(await token(w, basic('nobody', PASSWORD))).toBeProblem(401, 'identity/wrong-credentials');
  await w.post('/v1/auth/sign-up', { email: 'jane@example.com', password: PASSWORD, fullName: 'Jane Doe' });
  expect(await token(w, basic('Jane_Doe', PASSWORD))).toBeProblem(403, 'identity/not-confirmed');
  await w.sql(`update identity.accounts set state = 'suspended' where id = $1`, [bob.id]);
  expect(await token(w, basic('bob', PASSWORD))).toBeProblem(403, 'identity/account-suspended');
});

test.each([
  {},
  { authorization: 'Basic' },
  { authorization: 'Basic !!!' },
  { authorization: `Basic ${Buffer.from('no colon').toString('base64')}` },
])('a request for tokens without credentials (%j) is told what to send', async (headers) => {
  const w = await world();
  expect(await token(w, headers as Record<string, string>)).toBeProblem(401, 'unauthenticated');
});

test('Basic credentials open no other door', async () => {
  const w = await world();
  await w.person('bob');
  expect(await w.get('/v1/auth/me', basic('bob', PASSWORD))).toBeProblem(401, 'unauthenticated');
});
