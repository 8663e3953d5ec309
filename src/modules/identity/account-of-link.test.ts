import { expect, test } from 'vitest';
import { identity } from '#identity';
import { minutes } from '#kernel/clock.ts';
import { PASSWORD } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import type { LinkedAccount } from './contract.ts';

const jane = { provider: 'google', subject: '1098765', email: 'jane@example.com', emailVerified: true, fullName: 'Jane Doe' };

const recognise = async (w: World, told: object = {}) =>
  (await w.ask<{ account: LinkedAccount }>('identity', 'accountOfLink', { ...jane, ...told })).account;
const refusalOf = (w: World, told: object = {}) =>
  recognise(w, told).then(
    () => 'none',
    (error) => (error.status === 403 || error.status === 409 ? (error.code as string) : `${error.status} ${error.code}`),
  );
const signIn = (w: World, body: object) => w.post('/v1/auth/sign-in', { password: PASSWORD, ...body });
const codeFor = (w: World, email: string) => /\d{6}/.exec(w.mail(email)?.text ?? '')?.[0] ?? 'no code';
const emails = (w: World) => w.sql('select id, username, state from identity.accounts where email_confirmed_at is not null');

async function signedUp(w: World, username: string, email = jane.email): Promise<void> {
  await w.post('/v1/auth/sign-up', { email, username, password: PASSWORD, fullName: 'Jane Doe' });
  await w.step();
}

test('the first time an active account is opened, its email confirmed; from then on it is the same one', async () => {
  const w = await world();
  const first = await recognise(w);
  expect(first).toEqual({ id: first.id, username: 'Jane_Doe', roles: [], rev: 0, hasSecondFactor: false });
  expect(await w.ask('identity', 'readCustomer', { accountId: first.id })).toMatchObject({
    fullName: 'Jane Doe',
    email: jane.email,
    emailConfirmed: true,
    state: 'active',
  });
  expect(await recognise(w)).toEqual(first);
  expect(await recognise(w, { email: 'married@example.com', fullName: 'Jane Roe' })).toEqual(first);
  expect(await recognise(w, { email: null, emailVerified: false, fullName: null })).toEqual(first);
  const told = await w.sql('select payload from told.outbox where name like $1', ['identity.account-created%']);
  expect(told).toEqual([{ payload: { accountId: first.id } }]);
});

test('a confirmed account is linked and stays as it was', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const linked = await recognise(w, { email: 'Bob@Example.com', fullName: 'Another Name' });
  expect(linked).toMatchObject({ id: bob.id, username: 'bob' });
  expect((await signIn(w, { username: 'bob' })).status).toBe(200);
  expect(await w.ask('identity', 'readCustomer', { accountId: bob.id })).toMatchObject({ fullName: 'bob' });
  expect(await recognise(w, { provider: 'facebook', subject: '7', email: 'bob@example.com' })).toMatchObject({ id: bob.id });
  expect((await w.ask<{ links: object[] }>('identity', 'life.export', { accountId: bob.id, limit: 10 })).links).toMatchObject([
    { provider: 'google' },
    { provider: 'facebook' },
  ]);
});

test('the owner of an existing account gets one email about a link; a new account gets none', async () => {
  const w = await world();
  await w.person('bob');
  await Promise.all(Array.from({ length: 5 }, () => recognise(w, { email: 'bob@example.com' })));
  await recognise(w, { provider: 'issuer:https://id.example.com', email: 'bob@example.com' });
  await recognise(w, { subject: '2', email: 'new@example.com' });
  await w.step();
  const emails = w.adapters.email.items('bob@example.com').map(({ text }) => /signed in to with (.*), which/.exec(text)?.[1]);
  expect(emails.sort()).toEqual(['Google', 'https://id.example.com']);
  expect(w.adapters.email.items('new@example.com')).toEqual([]);
});

test('who waits with a claim to the address of another gets nothing of it, neither before nor after', async () => {
  const w = await world();
  await signedUp(w, 'mallory');
  const code = codeFor(w, jane.email);

  const account = await recognise(w);

  expect(account.username).toBe('Jane_Doe');
  for (const name of [{ email: jane.email }, { username: 'mallory' }, { username: 'Jane_Doe' }])
    expect(await signIn(w, name)).toBeProblem(401, 'identity/wrong-credentials');
  expect(await w.post('/v1/auth/confirm-sign-up', { username: 'mallory', code })).toBeProblem(403, 'identity/wrong-code');
  expect(await emails(w)).toEqual([{ id: account.id, username: 'Jane_Doe', state: 'active' }]);

  await signedUp(w, 'mallory');
  expect(w.mail(jane.email)?.subject).toBe('You have an account already');
});

test('an active account that has only typed the address is not linked, and cannot confirm it any more', async () => {
  const w = await world();
  const person = {
    fullName: 'M',
    username: 'mallory',
    password: PASSWORD,
    age: 30,
    address: 'x',
    gender: 'other',
    maritalStatus: 'single',
  };
  await w.post('/v1/customers', { ...person, email: jane.email });
  await w.step();
  const code = codeFor(w, jane.email);
  const account = await recognise(w);
  expect(account.username).toBe('Jane_Doe');
  expect(await w.post('/v1/auth/confirm-sign-up', { username: 'mallory', code })).toBeProblem(403, 'identity/wrong-code');
  expect((await signIn(w, { username: 'mallory' })).status).toBe(200);
});

test.each([
  ['an email that the provider has not verified', { emailVerified: false }],
  ['no email', { email: null }],
  ['what is no email', { email: 'jane at home' }],
])('%s opens nothing and links nothing', async (_, told) => {
  const w = await world();
  await w.person('jane');
  expect(await refusalOf(w, told)).toBe('identity/email-not-verified');
  expect(await w.sql('select 1 from identity.links')).toEqual([]);
  expect(await emails(w)).toHaveLength(1);
});

test('one subject of two providers, or of two issuers, is two people', async () => {
  const w = await world();
  const providers = ['google', 'facebook', 'issuer:https://id.example.com', 'issuer:https://id.example.org'];
  const ids = [];
  for (const [n, provider] of providers.entries()) ids.push((await recognise(w, { provider, email: `jane${n}@example.com` })).id);
  expect(new Set(ids).size).toBe(4);
  await expect(recognise(w, { provider: 'issuer:' })).rejects.toThrow();
});

test.each([
  [null, /^user$/, 'user'],
  ['   ', /^user$/, 'user'],
  ['x'.repeat(400), /^x{34}$/, 'x'.repeat(120)],
  ['Admin', /^Admin_2$/, 'Admin'],
])('the full name %j gives a username all the same', async (fullName, username, kept) => {
  const w = await world();
  const account = await recognise(w, { fullName });
  expect(account.username).toMatch(username);
  expect(await w.ask('identity', 'readCustomer', { accountId: account.id })).toMatchObject({ fullName: kept });
});

test('an account without a password is refused as for a wrong one; a mailed code sets one, and then both ways lead in', async () => {
  const w = await world();
  const account = await recognise(w);
  const refused = await signIn(w, { email: jane.email });
  const unknown = await signIn(w, { email: 'nobody@example.com' });
  expect(refused).toBeProblem(401, 'identity/wrong-credentials');
  expect(refused.body).toEqual(unknown.body);

  await w.post('/v1/auth/forgot-password', { email: jane.email });
  await w.step();
  const reset = { email: jane.email, code: codeFor(w, jane.email), newPassword: 'a password at last' };
  expect((await w.post('/v1/auth/reset-password', reset)).status).toBe(204);

  expect((await signIn(w, { username: account.username, password: 'a password at last' })).status).toBe(200);
  expect(await recognise(w)).toMatchObject({ id: account.id });
});

test.each(['', 'x'])('the password %j opens no account that has none', async (password) => {
  const w = await world();
  const { username } = await recognise(w);
  expect((await signIn(w, { username, password })).status).not.toBe(200);
});

test('the suspended and those who leave are refused, linked or not', async () => {
  const w = await world();
  const [bob, eve, ann] = [await w.person('bob'), await w.person('eve'), await w.person('ann')];
  const root = await w.admin();
  const link = (name: string) => ({ subject: name, email: `${name}@example.com` });
  await recognise(w, link('bob'));
  for (const { id } of [bob, eve]) await root.post(`/v1/users/${id}/suspension`, { suspended: true, reason: 'sells what is not theirs' });
  await w.ask('identity', 'life.close', { accountId: ann.id });

  for (const name of ['bob', 'eve']) expect(await refusalOf(w, link(name))).toBe('identity/account-suspended');
  expect(await refusalOf(w, link('ann'))).toBe('identity/account-closing');
  expect(await w.sql('select account_id from identity.links')).toEqual([{ account_id: bob.id }]);

  await w.ask('identity', 'life.reopen', { accountId: ann.id });
  expect(await recognise(w, link('ann'))).toMatchObject({ id: ann.id });
});

test('an erased account leaves no link behind, and who comes again opens another', async () => {
  const w = await world();
  const before = await recognise(w);
  await w.ask('identity', 'life.close', { accountId: before.id });
  await w.ask('identity', 'life.forget', { accountId: before.id });
  expect(await w.sql('select 1 from identity.links')).toEqual([]);
  const after = await recognise(w);
  expect(after.id).not.toBe(before.id);
  expect(after.username).toBe('Jane_Doe_2'); // a name is never given away again
});

test('a link that is made while its account is erased goes with it', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await w.ask('identity', 'life.close', { accountId: bob.id });
  await w.ask('identity', 'life.reopen', { accountId: bob.id });
  await Promise.allSettled([
    ...Array.from({ length: 5 }, (_, n) => recognise(w, { subject: String(n), email: 'bob@example.com' })),
    w.ask('identity', 'life.close', { accountId: bob.id }).then(() => w.ask('identity', 'life.forget', { accountId: bob.id })),
  ]);
  expect(await w.sql('select 1 from identity.links where account_id = $1', [bob.id])).toEqual([]);
});

test('a password reset by mail removes a provider that somebody else had linked; the owner links again', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const theirs = { subject: 'thief', email: 'thief@example.com' };
  await w.ask('identity', 'changeCustomer', { accountId: bob.id, changes: { email: theirs.email, currentPassword: PASSWORD } });
  await w.step();
  await w.post('/v1/auth/confirm-sign-up', { email: theirs.email, code: codeFor(w, theirs.email) });
  expect((await recognise(w, theirs)).id).toBe(bob.id);
  await w.ask('identity', 'changeCustomer', { accountId: bob.id, changes: { email: 'bob@example.com', currentPassword: PASSWORD } });
  await w.step();
  await w.post('/v1/auth/confirm-sign-up', { email: 'bob@example.com', code: codeFor(w, 'bob@example.com') });

  await w.post('/v1/auth/forgot-password', { username: 'bob' });
  await w.step();
  const reset = await w.post('/v1/auth/reset-password', {
    username: 'bob',
    code: codeFor(w, 'bob@example.com'),
    newPassword: 'an even better horse',
  });

  expect(reset.status).toBe(204);
  expect((await recognise(w, theirs)).id).not.toBe(bob.id);
  expect((await recognise(w, { subject: 'bob', email: 'bob@example.com' })).id).toBe(bob.id);
});

test('twenty first sign-ins at the same time open one account with one link, beside any claims', async () => {
  const w = await world();
  await signedUp(w, 'mallory');
  const accounts = await Promise.all(Array.from({ length: 20 }, () => recognise(w)));
  expect(new Set(accounts.map(({ id }) => id)).size).toBe(1);
  expect(await emails(w)).toHaveLength(1);
  expect(await w.sql('select account_id from identity.links')).toEqual([{ account_id: accounts[0]!.id }]);
  expect(await w.sql('select 1 from told.outbox where name like $1', ['identity.account-created%'])).toHaveLength(1);
});

test('twenty people with one name who arrive at the same time get an account each', async () => {
  const w = await world();
  const accounts = await Promise.all(
    Array.from({ length: 20 }, (_, n) => recognise(w, { subject: String(n), email: `jane${n}@example.com` })),
  );
  expect(new Set(accounts.map(({ username }) => username)).size).toBe(20);
});

test('one person who arrives at once with two addresses, or by two providers, is one account', async () => {
  const w = await world();
  const byAddress = await Promise.all(Array.from({ length: 10 }, (_, n) => recognise(w, { email: `jane${n % 2}@example.com` })));
  expect(new Set(byAddress.map(({ id }) => id)).size).toBe(1);
  expect(await emails(w)).toHaveLength(1);

  const { id } = byAddress[0]!;
  const { email } = await w.ask<{ email: string }>('identity', 'readCustomer', { accountId: id });
  const byProvider = await Promise.all(['facebook', 'issuer:https://id.example.com'].map((provider) => recognise(w, { provider, email })));
  expect(byProvider.map((account) => account.id)).toEqual([id, id]);
  expect(await w.sql('select 1 from identity.links')).toHaveLength(3);
});

test('the first proof wins also against a confirmation at the same moment', async () => {
  const w = await world();
  await signedUp(w, 'janedoe');
  const code = codeFor(w, jane.email);
  const [account, confirmed] = await Promise.all([
    recognise(w),
    w.post('/v1/auth/confirm-sign-up', { username: 'janedoe', code }),
    ...Array.from({ length: 5 }, () => recognise(w)),
  ]);
  expect(await emails(w)).toMatchObject([{ id: account.id, username: confirmed.status === 200 ? 'janedoe' : 'Jane_Doe' }]);
});

test('a reader of the database finds neither subject nor email', async () => {
  const w = await world();
  await recognise(w);
  await w.step();
  w.clock.advance(minutes(10));
  const rows = await Promise.all(
    ['identity.links', 'identity.accounts', 'told.outbox', 'kernel.audit'].map((table) =>
      w.sql<{ row: string }>(`select t::text as row from ${table} t`),
    ),
  );
  const text = rows.flat().map(({ row }) => row);
  expect(text.length).toBeGreaterThan(2);
  for (const word of [jane.subject, jane.email, jane.fullName]) expect(text.join('\n')).not.toContain(word);
});

test.each([
  ['nothing', '', false],
  ['one letter', 'a', true],
  ['500 letters', 'a'.repeat(500), true],
  ['501 letters', 'a'.repeat(501), false],
])('whether a provider may name somebody by %s', (_, subject, isName) => {
  const told = { provider: 'google', subject, email: 'jane@example.com', emailVerified: true, fullName: null };
  expect(identity.operations.accountOfLink.input.safeParse(told).success).toBe(isName);
});
