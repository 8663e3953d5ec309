import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type World, world } from '../../../test/world.ts';

const amal = {
  fullName: 'Amal Ben Salah',
  username: 'amal',
  password: 'correct horse battery',
  age: 34,
  address: '12 Rue de Carthage, 1000 Tunis',
  gender: 'female',
  maritalStatus: 'married',
};
const register = (w: World, body: object, headers?: Record<string, string>) => w.post('/v1/customers', body, headers);
const signIn = (w: World, name: object) => w.post('/v1/auth/sign-in', { ...name, password: amal.password });

test('Amal registers, is active at once, and sees what she gave', async () => {
  const w = await world();
  const made = await register(w, amal);
  expect(made.status).toBe(201);
  const { password: _, ...given } = amal;
  expect(made.body).toMatchObject({ ...given, birthDate: null, email: null, emailConfirmed: false, state: 'active' });
  expect(JSON.stringify(made.body)).not.toContain('password');
  expect(JSON.stringify(made.body)).not.toContain(amal.password);

  const { body } = await signIn(w, { username: 'amal' });
  const seen = await w.get('/v1/customers/amal', { authorization: `Bearer ${body.accessToken}` });
  expect(seen.body).toEqual(made.body);
  expect(seen.headers.get('etag')).toBe('"1"');
  expect(await w.sql(`select 1 from told.outbox where name = 'identity.account-created.v2'`)).toHaveLength(1);
});

test('a date of birth replaces the age, which is computed from it', async () => {
  const w = await world();
  const { age: _, ...rest } = amal;
  const year = w.clock.now().getUTCFullYear() - 20;
  expect((await register(w, { ...rest, birthDate: `${year}-01-01` })).body).toMatchObject({ age: 20, birthDate: `${year}-01-01` });
});

test.each([
  ['age', { age: undefined }],
  ['age', { birthDate: '1990-01-01' }],
  ['age', { age: -1 }],
  ['age', { age: 'old' }],
  ['birthDate', { age: undefined, birthDate: '1990-02-30' }],
  ['birthDate', { age: undefined, birthDate: '2999-01-01' }],
  ['birthDate', { age: undefined, birthDate: '1700-01-01' }],
  ['gender', { gender: 'unknown' }],
  ['maritalStatus', { maritalStatus: 'complicated' }],
  ['address', { address: undefined }],
  ['address', { address: '   ' }],
  ['address', { address: '12 \u202Esinut ed euR' }],
  ['fullName', { fullName: '' }],
  ['password', { password: '1234567' }],
  ['username', { username: undefined }],
  ['email', { email: 'x' }],
  ['roles', { roles: ['admin'] }],
])('a registration with a bad %s (%j) is malformed', async (field, change) => {
  const w = await world();
  const answer = await register(w, { ...amal, ...change });
  expect(answer).toBeProblem(422, 'invalid');
  expect(answer.body.errors[0].pointer).toBe(`/${field}`);
  expect(await w.sql('select 1 from identity.accounts')).toEqual([]);
});

test.each(['amal', 'AMAL', 'admin'])('the username %s is taken', async (username) => {
  const w = await world();
  await register(w, amal);
  expect(await register(w, { ...amal, username })).toBeProblem(409, 'identity/username-taken');
});

test('of many who register one name at once one gets it', async () => {
  const w = await world();
  const answers = await Promise.all(Array.from({ length: 10 }, () => register(w, amal)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
});

test('an email counts for nothing until it is confirmed; then one can sign in with it', async () => {
  const w = await world();
  const email = 'amal@example.com';
  await register(w, { ...amal, email });
  expect(await signIn(w, { email })).toBeProblem(401, 'identity/wrong-credentials');
  await w.step();
  const code = /\d{6}/.exec(w.mail(email)?.text ?? '')?.[0];
  expect((await w.post('/v1/auth/confirm-sign-up', { username: 'amal', code })).status).toBe(200);
  expect((await signIn(w, { email })).status).toBe(200);
  expect(await w.sql(`select 1 from told.outbox where name = 'identity.account-created.v2'`)).toHaveLength(1);
});

test('somebody else’s email gains nothing and shows nothing', async () => {
  const w = await world();
  await w.person('bob');
  const answer = await register(w, { ...amal, email: 'bob@example.com' });
  expect(answer).toMatchObject({ status: 201, body: { email: 'bob@example.com', emailConfirmed: false } });
  expect(await signIn(w, { email: 'nobody@example.com' })).toBeProblem(401, 'identity/wrong-credentials');
  await w.step();
  expect(w.mail('bob@example.com')?.subject).toBe('You have an account already');
  expect((await w.post('/v1/auth/resend-code', { username: 'amal' })).status).toBe(202);
  await w.step();
  expect(w.mail('bob@example.com')?.text).not.toMatch(/\d{6}/);
});

test('a registration with the same key is answered again from its row', async () => {
  const w = await world();
  const key = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all(Array.from({ length: 6 }, () => register(w, amal, key)));
  const again = await register(w, amal, key);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  for (const answer of answers) expect(answer).toMatchObject({ status: 201, body: again.body });
  expect(answers.filter(({ headers }) => headers.get('idempotent-replayed') === null)).toHaveLength(1);
  expect(await register(w, { ...amal, age: 35 }, key)).toBeProblem(422, 'idempotency-key-reused');
});

test('a customer sees herself, staff who may read customers see her, and others get 404', async () => {
  const w = await world();
  await register(w, amal);
  const [bob, sam] = [await w.person('bob'), await w.person('sam', ['support'])];
  expect(await bob.get('/v1/customers/amal')).toBeProblem(404, 'not-found');
  expect((await bob.get('/v1/customers/amal')).body.detail).toBe((await bob.get('/v1/customers/nobody')).body.detail);
  expect(await w.get('/v1/customers/amal')).toBeProblem(401, 'unauthenticated');
  expect((await sam.get('/v1/customers/AMAL')).body).toMatchObject({ username: 'amal', address: amal.address });
  expect(await sam.get('/v1/customers/nobody')).toBeProblem(404, 'not-found');
});

test('others may ask for accounts by id, two hundred at once; those that wait or are not there are left out', async () => {
  const w = await world();
  const [bob, sue] = [await w.person('bob'), await w.person('sue')];
  const { body } = await w.post('/v1/auth/sign-up', { email: 'jane@example.com', password: 'correct horse', fullName: 'Jane Doe' });
  const found = await w.ask<{ username: string }[]>('identity', 'findAccounts', { ids: [bob.id, sue.id, body.user.id, randomUUID()] });
  expect(found.map(({ username }) => username).sort()).toEqual(['bob', 'sue']);
});

test('Souk makes an account once, however often it is asked', async () => {
  const w = await world();
  const input = { username: 'admin', password: 'souk-demo', fullName: 'Admin', email: 'admin@example.com' };
  const made = await Promise.all(Array.from({ length: 5 }, () => w.ask<{ id: string }>('identity', 'ensureAccount', input)));
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect((await w.post('/v1/auth/sign-in', { email: 'admin@example.com', password: 'souk-demo' })).status).toBe(200);
  await expect(w.ask('identity', 'ensureAccount', { ...input, username: 'other' })).rejects.toThrow(/belongs to the account/);
});

test('a name that only looks alike in another case opens nobody else’s account', async () => {
  const w = await world();
  const victim = await register(w, { ...amal, username: 'Σοφία' });
  const lunate = await register(w, { ...amal, username: 'ϲοφία', fullName: 'Thief' }); // the small letter of Ϲ, of which Unicode makes a Σ
  expect([victim.status, lunate.status]).toEqual([201, 201]);
  const { body } = await signIn(w, { username: 'ϲοφία' });
  const headers = { authorization: `Bearer ${body.accessToken}` };
  const read = (username: string, rest = '') => w.get(`/v1/customers/${encodeURIComponent(username)}${rest}`, headers);

  for (const rest of ['', '/wallet', '/purchases', '/export']) {
    expect((await read('ϲοφία', rest)).status, rest).toBe(200);
    for (const name of ['Ϲοφία', 'Σοφία', 'σοφία']) expect(await read(name, rest), `${name}${rest}`).toBeProblem(404, 'not-found');
  }
});

test('the owner is known by any spelling of the name', async () => {
  const w = await world();
  const bob = await w.person('bob');
  for (const name of ['BOB', 'ｂｏｂ'])
    for (const rest of ['', '/wallet', '/purchases'])
      expect((await bob.get(`/v1/customers/${encodeURIComponent(name)}${rest}`)).status, `${name}${rest}`).toBe(200);
});

test('a repeated registration gets the answer of the first one, even if the account has changed since', async () => {
  const w = await world();
  const given = { ...amal, username: 'amal_again', email: 'amal.first@example.com' };
  const key = { 'idempotency-key': 'amal-registers' };
  const first = await w.post('/v1/customers', given, key);
  const { body } = await w.post('/v1/auth/sign-in', { username: given.username, password: given.password });
  const self = w.withToken({ id: first.body.id, username: given.username }, body.accessToken);
  const changes = { address: 'A secret place', phone: '+21671000000', fullName: 'Another Name' };
  expect((await self.patch(`/v1/customers/${given.username}`, changes)).status).toBe(200);

  const again = await w.post('/v1/customers', given, key);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(again.body).toEqual(first.body);
});

test('nobody takes a name that looks like the platform’s, or like that of somebody of the staff', async () => {
  const w = await world();
  await w.person('olga', ['moderator']);
  for (const username of ['ѕоuk', 'оlga', 'оIga', 'OLGΑ']) {
    expect(await register(w, { ...amal, username })).toBeProblem(409, 'identity/username-taken');
    const signUp = { email: 'x@example.com', password: amal.password, fullName: 'X Y', username };
    expect(await w.post('/v1/auth/sign-up', signUp)).toBeProblem(409, 'identity/username-taken');
  }
  expect((await register(w, { ...amal, username: 'olgar' })).status).toBe(201);
});
