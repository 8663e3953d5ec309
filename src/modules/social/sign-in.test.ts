import { beforeAll, describe, expect, test } from 'vitest';
import { browserOf } from '../../../test/browser.ts';
import { PASSWORD } from '../../../test/people.ts';
import { openProviderStandIns, type ProviderStandIns } from '../../../test/provider-stand-ins.ts';
import { type World, world } from '../../../test/world.ts';

let standIns: ProviderStandIns;
let w: World;
beforeAll(async () => {
  standIns = await openProviderStandIns();
  w = await world({ env: standIns.env });
});

const whoIs = async (reply: { body: { accessToken: string } }) =>
  (await w.get('/v1/auth/me', { authorization: `Bearer ${reply.body.accessToken}` })).body;
const signIn = (body: object) => w.post('/v1/auth/sign-in', body);

describe.each(['google', 'facebook'] as const)('with %s', (provider) => {
  const of = (name: string) => `${name}-${provider}`;
  const emailOf = (name: string) => `${of(name)}@example.com`;

  /** Somebody whom the provider knows, and whose email it has verified. */
  function known(name: string, email = emailOf(name)): string {
    standIns.google.people.set(of(name), { name: of(name), email, email_verified: true });
    standIns.facebook.people.set(of(name), { name: of(name), email });
    return of(name);
  }

  test('the first time an account is opened, and the second time it is found', async () => {
    const first = await browserOf(w, known('jane')).signIn(provider);
    expect(first.status).toBe(200);
    expect(Object.keys(first.body).sort()).toEqual(['accessToken', 'expiresIn', 'idToken', 'refreshToken', 'tokenType']);
    expect(await whoIs(first)).toMatchObject({ username: of('jane'), roles: [] });

    const second = await browserOf(w, of('jane')).signIn(provider);
    expect((await whoIs(second)).id).toBe((await whoIs(first)).id);
    expect(await w.ask('identity', 'readCustomer', { accountId: (await whoIs(first)).id })).toMatchObject({
      email: emailOf('jane'),
      emailConfirmed: true,
    });
  });

  test('a person with an account of this confirmed email signs in to it, and its password stays valid', async () => {
    const bob = await w.person(of('bob'));
    const reply = await browserOf(w, known('bob')).signIn(provider);
    expect((await whoIs(reply)).id).toBe(bob.id);
    expect((await signIn({ username: of('bob'), password: PASSWORD })).status).toBe(200);
  });

  test('a changed email at the provider leads to the same account', async () => {
    const before = await browserOf(w, known('ann')).signIn(provider);
    const after = await browserOf(w, known('ann', `married-${emailOf('ann')}`)).signIn(provider);
    expect((await whoIs(after)).id).toBe((await whoIs(before)).id);
  });

  test('an account that only claims the address gets nothing when its owner comes', async () => {
    const claim = { email: emailOf('vic'), username: of('mallory'), password: 'a trap for vic', fullName: 'Mallory' };
    await w.post('/v1/auth/sign-up', claim);
    await w.step();

    const reply = await browserOf(w, known('vic')).signIn(provider);

    expect(await whoIs(reply)).toMatchObject({ username: of('vic') });
    for (const name of [{ email: emailOf('vic') }, { username: of('mallory') }, { username: of('vic') }])
      expect(await signIn({ ...name, password: claim.password })).toBeProblem(401, 'identity/wrong-credentials');
  });

  test('without a verified email there is nothing to go by', async () => {
    standIns.google.people.set(of('una'), { name: 'Una', email: emailOf('una'), email_verified: false });
    standIns.facebook.people.set(of('una'), { name: 'Una' });
    await w.person(of('una'));
    expect(await browserOf(w, of('una')).signIn(provider)).toBeProblem(403, 'identity/email-not-verified');
  });

  test('suspended accounts, and accounts that are being closed, are refused', async () => {
    const [sid, lea] = [await w.person(of('sid')), await w.person(of('lea'))];
    for (const name of ['sid', 'lea']) await browserOf(w, known(name)).signIn(provider);
    await (await w.admin()).post(`/v1/users/${sid.id}/suspension`, { suspended: true, reason: 'sells what is not theirs' });
    await w.ask('identity', 'life.close', { accountId: lea.id });
    expect(await browserOf(w, of('sid')).signIn(provider)).toBeProblem(403, 'identity/account-suspended');
    expect(await browserOf(w, of('lea')).signIn(provider)).toBeProblem(403, 'identity/account-closing');
  });

  test('a person who refuses at the provider reads so', async () => {
    expect(await browserOf(w, 'nobody').signIn(provider)).toBeProblem(403, 'social/declined');
  });

  test('twenty who are one person and come at once are one account', async () => {
    const who = known('tina');
    const replies = await Promise.all(Array.from({ length: 20 }, () => browserOf(w, who).signIn(provider)));
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const ids = new Set(await Promise.all(replies.map(async (reply) => (await whoIs(reply)).id)));
    expect(ids.size).toBe(1);
    expect(await w.sql('select 1 from identity.links where account_id = $1', [[...ids][0]])).toHaveLength(1);
  });

  test('such a session is one like others: listed, refreshed, ended, and in the audit trail', async () => {
    const browser = browserOf(w, known('gil'));
    const { body } = await browser.signIn(provider);
    const gil = w.withToken(await whoIs({ body }), body.accessToken);

    expect((await gil.get('/v1/auth/sessions')).body.items).toMatchObject([{ current: true }]);
    const refreshed = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken });
    expect(refreshed.status).toBe(200);
    const entries = await w.sql(
      `select operation, outcome, actor_kind from kernel.audit where subject = $1 and operation like '%Social%'`,
      [gil.id],
    );
    expect(entries).toEqual([{ operation: 'getAuthSocialByProviderCallback', outcome: 'done', actor_kind: 'anonymous' }]);

    expect((await gil.post('/v1/auth/sign-out')).status).toBe(204);
    expect(await gil.get('/v1/auth/me')).toBeProblem(401, 'unauthenticated');
    expect((await (await w.admin()).post(`/v1/users/${gil.id}/suspension`, { suspended: true, reason: 'why not' })).status).toBe(200);
    expect(await browser.signIn(provider)).toBeProblem(403, 'identity/account-suspended');
  });

  test('an account that is closed loses its link, and its owner comes back as somebody new', async () => {
    const { body } = await browserOf(w, known('ned')).signIn(provider);
    const ned = w.withToken(await whoIs({ body }), body.accessToken);
    expect((await ned.get(`/v1/customers/${ned.username}/export`)).body.links).toMatchObject([{ provider }]);
    expect((await ned.delete(`/v1/customers/${ned.username}`)).status).toBe(204);
    expect(await w.sql('select 1 from identity.links where account_id = $1', [ned.id])).toEqual([]);
    expect((await whoIs(await browserOf(w, of('ned')).signIn(provider))).id).not.toBe(ned.id);
  });
});

test('one person with both is one account', async () => {
  standIns.google.people.set('g-1', { name: 'Pat', email: 'pat@example.com', email_verified: true });
  standIns.facebook.people.set('f-1', { name: 'Patricia', email: 'Pat@Example.com' });
  const [one, other] = [await browserOf(w, 'g-1').signIn('google'), await browserOf(w, 'f-1').signIn('facebook')];
  expect((await whoIs(one)).id).toBe((await whoIs(other)).id);
});
