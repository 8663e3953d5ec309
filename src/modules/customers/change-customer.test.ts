import { expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { PASSWORD } from '../../../test/people.ts';
import { enrol, meanwhile } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

const codeIn = (w: World, email: string) => /\d{6}/.exec(w.mail(email)?.text ?? '')?.[0];

test('Bob changes one thing or many; what he leaves out stays, and null empties', async () => {
  const w = await world();
  const bob = await w.person('bob');

  const one = await bob.patch('/v1/customers/bob', { address: '3 Rue du Lac' });
  expect(one).toMatchObject({ status: 200, body: { address: '3 Rue du Lac', fullName: 'bob', version: 2 } });
  expect(one.headers.get('etag')).toBe('"2"');

  const all = {
    fullName: 'Bob B.',
    gender: 'male',
    maritalStatus: 'single',
    age: 40,
    phone: '+21671000000',
    address: null,
    language: 'ar',
    timeZone: 'Africa/Tunis',
  };
  expect((await bob.patch('/v1/customers/bob', all)).body).toMatchObject({ ...all, email: 'bob@example.com', emailConfirmed: true });
  const contact = { id: bob.id, username: 'bob', email: 'bob@example.com', phone: all.phone, language: 'ar', timeZone: 'Africa/Tunis' };
  expect(await w.ask('identity', 'contactsOf', { ids: [bob.id, '00000000-0000-8000-8000-000000000009'] })).toEqual([
    { ...contact, orderEmail: 'bob@example.com', active: true },
  ]);

  const year = w.clock.now().getUTCFullYear() - 30;
  const born = await bob.patch('/v1/customers/bob', { birthDate: `${year}-01-01` });
  expect(born.body).toMatchObject({ age: 30, birthDate: `${year}-01-01` });
  expect((await bob.patch('/v1/customers/bob', { age: 41 })).body).toMatchObject({ age: 41, birthDate: null });
  expect((await bob.patch('/v1/customers/bob', {})).body).toEqual((await bob.get('/v1/customers/bob')).body);
});

test.each([
  ['/username', { username: 'robert' }],
  ['/password', { password: 'another password' }],
  ['/fullName', { fullName: null }],
  ['/phone', { phone: '071 000 000' }],
  ['/age', { age: 30, birthDate: '1990-01-01' }],
  ['/birthDate', { birthDate: '2999-01-01' }],
  ['/email', { email: 'x' }],
  ['/language', { language: 'de' }],
  ['/timeZone', { timeZone: 'Europe/Nowhere' }],
  ['/timeZone', { timeZone: '+01:00' }],
])('%s in %j is malformed, and nothing changes', async (pointer, body) => {
  const w = await world();
  const bob = await w.person('bob');
  const answer = await bob.patch('/v1/customers/bob', body);
  expect(answer).toBeProblem(422, 'invalid');
  expect(answer.body.errors[0].pointer).toBe(pointer);
  expect((await bob.get('/v1/customers/bob')).body.version).toBe(1);
});

test('of two who change the version that both have seen one wins, and loses nothing', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const answers = await Promise.all(
    ['first', 'second'].map((address) => bob.patch('/v1/customers/bob', { address }, { 'if-match': '"1"' })),
  );
  const [won, lost] = answers.sort((a, b) => a.status - b.status);
  expect(won?.status).toBe(200);
  expect(lost).toBeProblem(412, 'version-mismatch');
  expect((await bob.get('/v1/customers/bob')).body.address).toBe(won?.body.address);
});

test('two who change different things at once both have their way', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await Promise.all([bob.patch('/v1/customers/bob', { address: 'here' }), bob.patch('/v1/customers/bob', { phone: '+21671000000' })]);
  expect((await bob.get('/v1/customers/bob')).body).toMatchObject({ address: 'here', phone: '+21671000000', version: 3 });
});

test('another email counts for nothing until its code comes back', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const signIn = (email: string) => w.post('/v1/auth/sign-in', { email, password: PASSWORD });

  expect((await bob.patch('/v1/customers/bob', { email: 'BOB@example.com' })).body.emailConfirmed).toBe(true);
  const changed = await bob.patch('/v1/customers/bob', { email: 'robert@example.com', currentPassword: PASSWORD });
  expect(changed.body).toMatchObject({ email: 'robert@example.com', emailConfirmed: false });
  expect(await signIn('robert@example.com')).toBeProblem(401, 'identity/wrong-credentials');
  expect(await signIn('bob@example.com')).toBeProblem(401, 'identity/wrong-credentials');

  await w.step();
  const code = codeIn(w, 'robert@example.com');
  expect((await w.post('/v1/auth/confirm-sign-up', { username: 'bob', code })).status).toBe(200);
  expect((await signIn('robert@example.com')).status).toBe(200);
  expect((await bob.patch('/v1/customers/bob', { email: null, currentPassword: PASSWORD })).body).toMatchObject({
    email: null,
    emailConfirmed: false,
  });
});

test('a stolen token alone changes no email; the current password does, and only an email takes it', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const change = (changes: object) => bob.patch('/v1/customers/bob', changes);

  for (const email of ['thief@example.com', null]) {
    expect(await change({ email, address: 'here' })).toBeProblem(403, 'identity/password-required');
    expect(await change({ email, address: 'here', currentPassword: 'a guess' })).toBeProblem(403, 'identity/wrong-password');
  }
  expect((await bob.get('/v1/customers/bob')).body).toMatchObject({ email: 'bob@example.com', address: null, version: 1 });
  await w.step();
  expect(w.mail('thief@example.com')).toBeUndefined();

  const ignored = await change({ email: 'Bob@example.com', phone: '+21671000000', currentPassword: 'a guess' });
  expect(ignored.body).toMatchObject({ email: 'bob@example.com', phone: '+21671000000', version: 2 });
  expect((await change({ currentPassword: 'a guess' })).body.version).toBe(2);
  const changed = await change({ email: 'robert@example.com', currentPassword: PASSWORD });
  expect(changed.body).toMatchObject({ email: 'robert@example.com', emailConfirmed: false });
  expect(JSON.stringify(changed.body)).not.toContain(PASSWORD);
});

test('guesses at the password with another email are counted with those of changing it, and end', async () => {
  const w = await world({ env: { RATE_LIMITS: 'on' } });
  const bob = await w.person('bob');
  const change = (currentPassword: string) => bob.patch('/v1/customers/bob', { email: 'thief@example.com', currentPassword });
  const guesses = await Promise.all(Array.from({ length: 9 }, (_, n) => change(`guess number ${n}`)));
  for (const guess of guesses) expect(guess).toBeProblem(403, 'identity/wrong-password');
  const other = { currentPassword: 'the tenth guess', newPassword: 'a password of a thief' };
  expect(await bob.post('/v1/auth/change-password', other)).toBeProblem(403, 'identity/wrong-password');
  expect(await change(PASSWORD)).toBeProblem(429, 'too-many-requests');
  expect(await bob.post('/v1/auth/mfa/totp', { currentPassword: PASSWORD })).toBeProblem(429, 'too-many-requests');
  expect((await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD })).status).toBe(200);
});

test('an account without a password changes its email soon after it signs in, and not later', async () => {
  const w = await world();
  const jane = { provider: 'google', subject: '1', email: 'jane@example.com', emailVerified: true, fullName: 'Jane' };
  type Linked = { account: { id: string; username: string; rev: number } };
  const { account } = await w.ask<Linked>('identity', 'accountOfLink', jane);
  const begin = { accountId: account.id, rev: account.rev };
  const { tokens } = await w.ask<{ tokens: { accessToken: string; refreshToken: string } }>('identity', 'beginSession', begin);
  const path = `/v1/customers/${account.username}`;
  const fresh = w.withToken(account, tokens.accessToken);
  expect((await fresh.patch(path, { email: 'roe@example.com' })).status).toBe(200);
  expect((await fresh.post('/v1/auth/mfa/totp')).status).toBe(201);

  w.clock.advance(minutes(11));
  const { body } = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: tokens.refreshToken });
  const stale = w.withToken(account, body.accessToken);
  expect(await stale.patch(path, { email: 'doe@example.com' })).toBeProblem(403, 'identity/password-required');
  expect(await stale.patch(path, { email: null, currentPassword: 'a guess' })).toBeProblem(403, 'identity/password-required');
  expect(await stale.post('/v1/auth/mfa/totp')).toBeProblem(403, 'identity/password-required');
});

test('a password that changes while the email does is proven no more', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const thief = { email: 'thief@example.com', currentPassword: PASSWORD };
  const reply = await meanwhile(w, bob.id, () => bob.patch('/v1/customers/bob', thief), {
    text: `update identity.accounts set password_hash = 'another' where id = $1`,
    values: [bob.id],
  });
  expect(reply).toBeProblem(403, 'identity/password-required');
});

test('another email takes the second factor, where there is one; nothing else does', async () => {
  const w = await world({ env: { MFA_ROLES: 'finance' } });
  const { person: bob, app } = await enrol(w, await w.person('bob'));
  const { body } = await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD, code: app.next() });
  const refreshed = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken });
  const plain = w.withToken(bob, refreshed.body.accessToken);

  expect(await plain.patch('/v1/customers/bob', { email: 'robert@example.com' })).toBeProblem(403, 'mfa-required');
  expect(await plain.patch('/v1/customers/bob', { email: null, address: 'here' })).toBeProblem(403, 'mfa-required');
  expect((await plain.patch('/v1/customers/bob', { email: 'BOB@example.com', phone: '+21671000000' })).body).toMatchObject({
    email: 'bob@example.com',
    address: null,
    phone: '+21671000000',
  });
  const stepped = (await plain.post('/v1/auth/step-up', { code: app.next() })).body.accessToken;
  expect((await w.withToken(bob, stepped).patch('/v1/customers/bob', { email: 'robert@example.com' })).status).toBe(200);

  const fin = await w.person('fin', ['finance']);
  expect(await fin.patch('/v1/customers/fin', { email: 'other@example.com' })).toBeProblem(403, 'mfa-enrolment-required');
});

test('a token from before the second factor changes no email', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const reply = await meanwhile(
    w,
    bob.id,
    () => bob.patch('/v1/customers/bob', { email: 'thief@example.com', currentPassword: PASSWORD }),
    {
      text: 'update identity.accounts set has_second_factor = true where id = $1',
      values: [bob.id],
    },
  );
  expect(reply).toBeProblem(403, 'mfa-required');
});

test('the code that went to one address does not prove the next', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await bob.patch('/v1/customers/bob', { email: 'mine@example.com', currentPassword: PASSWORD });
  await w.step();
  const code = codeIn(w, 'mine@example.com');
  await bob.patch('/v1/customers/bob', { email: 'not.mine@example.com', currentPassword: PASSWORD });

  expect(await w.post('/v1/auth/confirm-sign-up', { username: 'bob', code })).toBeProblem(403, 'identity/wrong-code');
  expect((await bob.get('/v1/customers/bob')).body.emailConfirmed).toBe(false);
});

test('an address that somebody has confirmed cannot be confirmed again, and no reply says so', async () => {
  const w = await world();
  const [bob] = [await w.person('bob'), await w.person('sue')];
  expect((await bob.patch('/v1/customers/bob', { email: 'sue@example.com', currentPassword: PASSWORD })).status).toBe(200);
  await w.step();
  expect(w.mail('sue@example.com')?.text).not.toMatch(/\d{6}/);
  expect((await w.post('/v1/auth/sign-in', { email: 'sue@example.com', password: PASSWORD })).body.accessToken).toBeTypeOf('string');
});

test('mails about an email that changes again and again end for the day', async () => {
  const w = await world();
  const bob = await w.person('bob');
  for (let n = 1; n <= 7; n++) {
    await bob.patch('/v1/customers/bob', { email: `victim${n}@example.com`, currentPassword: PASSWORD });
    await w.step();
  }
  expect([1, 2, 3, 4, 5, 6, 7].filter((n) => w.mail(`victim${n}@example.com`))).toEqual([1, 2, 3, 4, 5]);
});

test('others, and the staff, change nothing of it', async () => {
  const w = await world();
  await w.person('bob');
  const [eve, root] = [await w.person('eve'), await w.admin()];
  expect(await eve.patch('/v1/customers/bob', { address: 'x' })).toBeProblem(404, 'not-found');
  expect(await root.patch('/v1/customers/bob', { address: 'x' })).toBeProblem(404, 'not-found');
});
