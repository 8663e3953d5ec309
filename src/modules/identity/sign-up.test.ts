import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { type World, world } from '../../../test/world.ts';

const jane = { email: 'jane@example.com', password: 'a password of hers', fullName: 'Jane Doe' };
const codeFor = (w: World, email: string) => /\d{6}/.exec(w.mail(email)?.text ?? '')?.[0] ?? 'no code';
const confirm = (w: World, body: object) => w.post('/v1/auth/confirm-sign-up', body);

test('Jane signs up, is mailed a code, confirms it, and signs in', async () => {
  const w = await world();
  const answer = await w.post('/v1/auth/sign-up', jane);
  expect(answer.status).toBe(201);
  expect(answer.body.user).toEqual({ id: expect.any(String), username: 'Jane_Doe', email: 'jane@example.com', fullName: 'Jane Doe' });
  expect(answer.body.message).toMatch(/code/);

  await w.step();
  expect(await confirm(w, { email: jane.email, code: codeFor(w, jane.email) })).toMatchObject({
    status: 200,
    body: { user: { username: 'Jane_Doe' } },
  });
  expect((await w.post('/v1/auth/sign-in', { email: jane.email, password: jane.password })).status).toBe(200);
  expect(await w.ask('identity', 'findAccount', { username: 'jane_doe' })).toEqual({ id: answer.body.user.id, username: 'Jane_Doe' });
});

test('an account is announced when it becomes active, once, and not before', async () => {
  const w = await world();
  await w.post('/v1/auth/sign-up', jane);
  const announced = () => w.sql(`select 1 from told.outbox where kind = 'event' and name = 'identity.account-created.v2'`);
  expect(await announced()).toEqual([]);
  expect(await w.ask('identity', 'findAccount', { username: 'Jane_Doe' })).toBeNull();
  await w.step();
  const code = codeFor(w, jane.email);
  await confirm(w, { email: jane.email, code });
  await confirm(w, { email: jane.email, code });
  expect(await announced()).toHaveLength(1);
});

test.each([
  ['roles', { roles: ['admin'] }],
  ['role', { role: 'admin' }],
  ['isAdmin', { isAdmin: true }],
  ['permissions', { permissions: ['roles:grant'] }],
  ['state', { state: 'active' }],
])('nobody gives himself anything by signing up: %s is refused and grants nothing', async (field, more) => {
  const w = await world();
  const answer = await w.post('/v1/auth/sign-up', { ...jane, ...more });
  expect(answer).toBeProblem(422, 'invalid');
  expect(answer.body.errors).toMatchObject([{ pointer: `/${field}` }]);
  expect(await w.sql('select 1 from identity.accounts where roles <> $1', [[]])).toEqual([]);
});

test.each([
  [{ password: 'short' }, '/password'],
  [{ password: 'x'.repeat(201) }, '/password'],
  [{ email: 'not an address' }, '/email'],
  [{ fullName: ' ' }, '/fullName'],
  [{ username: 'a b' }, '/username'],
  [{ username: 'jane@example.com' }, '/username'],
])('a sign-up with %j is malformed', async (wrong, pointer) => {
  const w = await world();
  const answer = await w.post('/v1/auth/sign-up', { ...jane, ...wrong });
  expect(answer).toBeProblem(422, 'invalid');
  expect(answer.body.errors[0].pointer).toBe(pointer);
});

test('a username is made from the full name, with a number when it is taken', async () => {
  const w = await world();
  const names = [];
  for (const email of ['a@example.com', 'b@example.com', 'c@example.com'])
    names.push((await w.post('/v1/auth/sign-up', { ...jane, email })).body.user.username);
  expect(names).toEqual(['Jane_Doe', 'Jane_Doe_2', 'Jane_Doe_3']);
});

test('many of one name who sign up at once all get a name of their own', async () => {
  const w = await world();
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, n) => w.post('/v1/auth/sign-up', { ...jane, email: `${n}@example.com` })),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(201));
  expect(new Set(answers.map(({ body }) => body.user.username)).size).toBe(12);
});

test.each(['bob', 'BOB', 'ｂｏｂ'])('the username %s is taken when there is a bob', async (username) => {
  const w = await world();
  await w.person('bob');
  expect(await w.post('/v1/auth/sign-up', { ...jane, username })).toBeProblem(409, 'identity/username-taken');
});

test.each(['admin', 'Souk', 'SYSTEM'])('the username %s is reserved for the platform', async (username) => {
  const w = await world();
  expect(await w.post('/v1/auth/sign-up', { ...jane, username })).toBeProblem(409, 'identity/username-taken');
  expect((await w.post('/v1/auth/sign-up', { ...jane, fullName: username })).body.user.username).toBe(`${username}_2`);
});

test('the answer is the same with and without an account of the address; its owner gets an email', async () => {
  const w = await world();
  await w.person('bob'); // bob@example.com
  const known = await w.post('/v1/auth/sign-up', { ...jane, email: 'Bob@example.com', username: 'mallory1' });
  const unknown = await w.post('/v1/auth/sign-up', { ...jane, email: 'nobody@example.com', username: 'mallory2' });
  const shape = ({ status, headers, body }: typeof known) => ({
    status,
    type: headers.get('content-type'),
    fields: Object.keys(body),
    user: Object.keys(body.user),
    message: body.message,
  });
  expect(shape(known)).toEqual(shape(unknown));

  // neither does what happens afterwards tell them apart
  for (const username of ['mallory1', 'mallory2']) {
    expect(await w.post('/v1/auth/sign-up', { ...jane, email: 'x@example.com', username })).toBeProblem(409, 'identity/username-taken');
    expect(await w.post('/v1/auth/sign-in', { username, password: jane.password })).toBeProblem(403, 'identity/not-confirmed');
  }
  for (const email of ['bob@example.com', 'nobody@example.com']) {
    expect(await w.post('/v1/auth/sign-in', { email, password: jane.password })).toBeProblem(403, 'identity/not-confirmed');
    expect(await confirm(w, { email, code: '000000' })).toBeProblem(403, 'identity/wrong-code');
  }

  await w.step();
  expect(w.mail('bob@example.com')).toMatchObject({ subject: 'You have an account already' });
  expect(w.mail('bob@example.com')?.text).not.toMatch(/\d{6}/);
  expect(w.mail('nobody@example.com')).toMatchObject({ subject: 'Your confirmation code' });
});

test('an address that somebody else has only claimed can still be proven by its owner, and then is the owner’s alone', async () => {
  const w = await world();
  await w.post('/v1/auth/sign-up', { ...jane, username: 'squatter', password: 'squatting here' });
  await w.step();
  const squattersCode = codeFor(w, jane.email);
  await w.post('/v1/auth/sign-up', { ...jane, username: 'janedoe' });
  await w.step();
  expect((await confirm(w, { username: 'janedoe', code: codeFor(w, jane.email) })).status).toBe(200);
  expect(await confirm(w, { username: 'squatter', code: squattersCode })).toBeProblem(403, 'identity/wrong-code');
  expect(await w.post('/v1/auth/sign-in', { email: jane.email, password: 'squatting here' })).toBeProblem(
    401,
    'identity/wrong-credentials',
  );
  expect((await w.post('/v1/auth/sign-in', { email: jane.email, password: jane.password })).status).toBe(200);
});

test('nobody fills an address up: the oldest of many claims give way', async () => {
  const w = await world();
  for (let n = 1; n <= 7; n++) await w.post('/v1/auth/sign-up', { ...jane, username: `claim${n}` });
  expect(await w.sql('select 1 from identity.accounts where state = $1', ['unconfirmed'])).toHaveLength(7); // their codes are valid
  w.clock.advance(16 * 60_000);
  await w.post('/v1/auth/sign-up', { ...jane, username: 'claim8' });
  const left = await w.sql<{ username: string }>('select username from identity.accounts where state = $1 order by username', [
    'unconfirmed',
  ]);
  expect(left.map(({ username }) => username)).toEqual(['claim4', 'claim5', 'claim6', 'claim7', 'claim8']);
});

test('a sign-up with the same key is answered again from its row, and mails once', async () => {
  const w = await world();
  const key = { 'idempotency-key': randomUUID() };
  const first = await w.post('/v1/auth/sign-up', jane, key);
  const again = await w.post('/v1/auth/sign-up', jane, key);
  expect(again.status).toBe(201);
  expect(again.body).toEqual(first.body);
  expect(again.headers.get('idempotent-replayed')).toBe('true');
  expect(first.headers.get('idempotent-replayed')).toBeNull();
  expect(await w.post('/v1/auth/sign-up', { ...jane, fullName: 'Jane Roe' }, key)).toBeProblem(422, 'idempotency-key-reused');
  await w.step();
  expect(w.adapters.email.items()).toHaveLength(1);
});

test.each([{}, { username: 'janedoe' }])('twins with one key at the same time make one account (%j)', async (more) => {
  const w = await world();
  const key = { 'idempotency-key': randomUUID() };
  const answers = await Promise.all(Array.from({ length: 8 }, () => w.post('/v1/auth/sign-up', { ...jane, ...more }, key)));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201));
  expect(new Set(answers.map(({ body }) => body.user.id)).size).toBe(1);
  expect(await w.sql(`select 1 from identity.accounts where state = 'unconfirmed'`)).toHaveLength(1);
});

test('a sign-up that nobody confirms is forgotten after a week, and its name is free again', async () => {
  const w = await world();
  await w.post('/v1/auth/sign-up', { ...jane, username: 'janedoe' });
  w.clock.advance(6 * 86_400_000);
  await w.step();
  expect(await w.post('/v1/auth/sign-up', { ...jane, username: 'janedoe' })).toBeProblem(409, 'identity/username-taken');
  w.clock.advance(2 * 86_400_000);
  await w.step();
  expect((await w.post('/v1/auth/sign-up', { ...jane, username: 'janedoe' })).status).toBe(201);
});

test('the name of an erased account is never given away again', async () => {
  const w = await world();
  const bob = await w.person('bob');
  expect((await bob.delete('/v1/customers/bob')).status).toBe(204);
  expect(await w.ask('identity', 'findAccount', { username: 'bob' })).toBeNull();
  expect(await w.post('/v1/auth/sign-up', { ...jane, username: 'Bob' })).toBeProblem(409, 'identity/username-taken');
  await expect(
    w.ask('identity', 'ensureAccount', { username: 'bob', password: 'souk-demo', fullName: 'Bob', email: null }),
  ).rejects.toMatchObject({ code: 'identity/username-taken' });
});

test('nobody fills another person’s mailbox by opening account after account with that address', async () => {
  const w = await world({ env: { RATE_LIMITS: 'on' } });
  const about = {
    fullName: 'Mallory',
    age: 30,
    address: 'Tunis',
    gender: 'other',
    maritalStatus: 'single',
    password: 'correct horse battery',
  };
  const opened = await Promise.all(
    Array.from({ length: 12 }, (_, n) => w.post('/v1/customers', { ...about, username: `mallory_${n}`, email: 'VICTIM@example.com' })),
  );
  expect(new Set(opened.map(({ status }) => status))).toEqual(new Set([201]));
  const signUp = (username: string) =>
    w.post('/v1/auth/sign-up', { ...{ email: 'victim@example.com', fullName: 'V', password: 'correct horse battery' }, username });
  expect((await signUp('mallory_again')).status).toBe(201); // as ever: nothing tells that the address had its fill
  await w.step();
  const mails = () => w.adapters.email.items().filter(({ to }) => to.toLowerCase() === 'victim@example.com').length;
  expect(mails()).toBe(10);

  w.clock.advance(16 * 60_000);
  expect((await signUp('victim')).status).toBe(201);
  await w.step();
  expect(mails()).toBe(11);
  expect(w.mail('victim@example.com')?.text).toContain('for the account victim');
});
