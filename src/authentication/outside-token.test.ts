import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { CLIENT, someone, startIssuer, type TestIssuer } from '../../test/outside-issuer.ts';
import { PASSWORD, usd } from '../../test/people.ts';
import { openRoom, startServer } from '../../test/real-server.ts';
import { enrol } from '../../test/second-factor.ts';
import { type World, world } from '../../test/world.ts';

let w: World;
let issuer: TestIssuer;

beforeAll(async () => {
  issuer = await startIssuer(() => w.clock.now());
  w = await world({ env: { OUTSIDE_ISSUER: issuer.url, OUTSIDE_AUDIENCE: `another-client, ${CLIENT}` } });
});
afterAll(() => issuer.stop());

const me = (token: string, where: World = w) => where.get('/v1/auth/me', { authorization: `Bearer ${token}` });
const as = (account: { id: string; username: string }, token: string, where: World = w) => where.withToken(account, token);

describe('a token of the outside issuer', () => {
  test('opens an account for somebody new, who is the same with every later one', async () => {
    const jane = someone('jane');

    const first = await me(await issuer.idToken(jane));

    expect(first).toMatchObject({
      status: 200,
      body: { fullName: 'Jane Doe', email: 'jane@example.com', emailConfirmed: true, roles: [] },
    });
    expect((await me(await issuer.idToken(jane, { email: 'changed@example.com' }))).body.id).toBe(first.body.id);
    expect((await me(await issuer.accessToken(jane))).body.id).toBe(first.body.id);
    const buyer = as(first.body, await issuer.accessToken(jane));
    expect((await buyer.charge(usd(5_00))).status).toBe(201);
    expect(await buyer.balance()).toEqual(usd(5_00));
  });

  test('is that of the account which has proven the same email, with the roles that it has here', async () => {
    const bob = await w.person('bob', ['support']);
    const { body } = await me(await issuer.idToken(someone('bob')));
    expect(body).toMatchObject({ id: bob.id, username: 'bob', roles: ['support'] });
    expect((await bob.get('/v1/auth/me')).status).toBe(200);
  });

  test('opens one account for many calls at the same time', async () => {
    const twin = someone('twin');
    const token = await issuer.idToken(twin);
    const sibling = await w.sibling();
    const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => me(token, n % 2 ? w : sibling)));
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
  });

  test('grants nothing by what it says of roles', async () => {
    const token = await issuer.idToken(someone('grabber'), {
      roles: ['admin'],
      permissions: ['audit:read'],
      'cognito:groups': ['admin'],
      groups: ['admin'],
      scope: 'audit:read aws.cognito.signin.user.admin',
      rev: 1_000_000,
      sid: newId(),
      mfa_at: 4_102_444_800,
    });
    expect((await me(token)).body).toMatchObject({ roles: [], permissions: [] });
    expect(await w.get('/v1/audit', { authorization: `Bearer ${token}` })).toBeProblem(403, 'forbidden');
  });

  test.each<[string, () => Promise<string>]>([
    ['an access token of somebody who is not linked', () => issuer.accessToken(someone('unknown'))],
    ['an email that nobody has verified', () => issuer.idToken(someone('unverified'), { email_verified: false })],
    ['an email without a word about it', () => issuer.idToken(someone('unverified'), { email_verified: undefined })],
    ['no email', () => issuer.idToken({ sub: newId() })],
  ])('opens no account by %s, and says what would', async (_, token) => {
    const refused = await me(await token());
    expect(refused).toBeProblem(401, 'unauthenticated');
    expect(refused.body.detail).toContain('ID token');
  });

  test('takes "true" for true, as Cognito writes it now and then', async () => {
    expect((await me(await issuer.idToken(someone('wordy'), { email_verified: 'true' }))).status).toBe(200);
  });

  test('costs no query once it is known', async () => {
    const token = await issuer.idToken(someone('hot'));
    const { body } = await me(token);
    const asked = issuer.asked();
    const sent = await w.statements(async () => {
      for (let n = 0; n < 5; n++) await as(body, token).get('/v1/auth/sessions');
    });
    expect(sent).toHaveLength(5); // those of the sessions
    expect(issuer.asked()).toBe(asked);
  });
});

describe('what happens to the account counts at once, in every process, although the token is still valid', () => {
  test('suspension shuts it out, and lets it in again when it is over', async () => {
    const ann = someone('ann');
    const token = await issuer.idToken(ann);
    const { body: account } = await me(token);
    const sibling = await w.sibling();
    expect((await me(token, sibling)).status).toBe(200);
    const mod = await w.person('mod', ['moderator']);
    const suspend = (suspended: boolean) => mod.post(`/v1/users/${account.id}/suspension`, { suspended, reason: 'spam' });

    await suspend(true);

    expect(await me(token)).toBeProblem(401, 'unauthenticated');
    expect((await me(token)).body.detail).toContain('may not sign in');
    await expect.poll(async () => (await me(token, sibling)).status, { timeout: 1000 }).toBe(401);
    expect(await me(await issuer.accessToken(ann))).toBeProblem(401, 'unauthenticated');
    w.clock.advance(minutes(12)); // revocations are forgotten by now
    await w.step();
    expect(await me(token)).toBeProblem(401, 'unauthenticated');
    expect(await me(token, sibling)).toBeProblem(401, 'unauthenticated');

    await as(mod, (await w.person('mod')).token).post(`/v1/users/${account.id}/suspension`, { suspended: false, reason: 'over' });
    expect((await me(token)).status).toBe(200);
  });

  test('roles that are given or taken open and close calls with the same token', async () => {
    const token = await issuer.idToken(someone('carl'));
    const { body: account } = await me(token);
    const sibling = await w.sibling();
    const audit = (where: World) => where.get('/v1/audit', { authorization: `Bearer ${token}` });
    expect(await audit(w)).toBeProblem(403, 'forbidden');
    const root = await w.person('root', ['admin']);

    await root.put(`/v1/users/${account.id}/roles`, { roles: ['operator'] });
    expect((await audit(w)).status).toBe(200);
    expect((await audit(sibling)).status).toBe(200);

    await root.put(`/v1/users/${account.id}/roles`, { roles: [] });
    expect(await audit(w)).toBeProblem(403, 'forbidden');
    await expect.poll(async () => (await audit(sibling)).status, { timeout: 1000 }).toBe(403);
  });

  test('a process of its own hears of it, though it reads revocations by itself only every ten seconds', async () => {
    const token = await issuer.idToken(someone('hugo'));
    const { body: account } = await me(token);
    const room = openRoom('outside');
    const names = { OUTSIDE_ISSUER: issuer.url, OUTSIDE_AUDIENCE: CLIENT, PUBLIC_URL: 'http://localhost:3000' };
    const server = await startServer(room.path, { DATABASE_URL: w.databaseUrl, SOUK_DATA: room.path, NODE_ENV: 'test', ...names });
    try {
      const status = async () => (await server.call('/v1/auth/me', { headers: { authorization: `Bearer ${token}` } })).status;
      const soon = { timeout: 3000, interval: 20 };
      const root = await w.person('root', ['admin']);
      const suspend = (suspended: boolean) => root.post(`/v1/users/${account.id}/suspension`, { suspended, reason: 'spam' });
      expect(await status()).toBe(200); // it has just read

      expect((await suspend(true)).status).toBe(200);
      await expect.poll(status, soon).toBe(401);
      expect((await suspend(false)).status).toBe(200);
      await expect.poll(status, soon).toBe(200);
    } finally {
      await server.kill();
      room.clear();
    }
  });

  test('deletion: the token opens no new account in the place of the old one', async () => {
    const dora = someone('dora');
    const token = await issuer.idToken(dora);
    const { body: account } = await me(token);
    w.clock.advance(minutes(10)); // made too long ago for what cannot be undone
    expect(await as(account, token).delete(`/v1/customers/${account.username}`)).toBeProblem(403, 'sign-in-again');
    const fresh = await issuer.idToken(dora);
    expect((await as(account, fresh).delete(`/v1/customers/${account.username}`)).status).toBe(204);

    for (let n = 0; n < 3; n++) expect(await me(token)).toBeProblem(401, 'unauthenticated');
    w.clock.advance(minutes(15));
    expect(await me(token)).toBeProblem(401, 'unauthenticated');

    expect((await me(await issuer.idToken(dora))).body.id).not.toBe(account.id); // who signs in there anew starts anew here
  });
});

describe('without a session of ours', () => {
  test('there is nothing to sign out, to step up or to enrol, and the refusal says where', async () => {
    const token = await issuer.idToken(someone('fay'));
    const fay = as((await me(token)).body, token);
    for (const [path, body] of [
      ['/v1/auth/sign-out', undefined],
      ['/v1/auth/mfa/totp', undefined],
      ['/v1/auth/mfa/totp/confirm', { code: '123456' }],
      ['/v1/auth/step-up', { code: '123456' }],
    ] as const)
      expect(await fay.post(path, body), path).toBeProblem(409, 'identity/no-session');
    expect((await fay.get('/v1/auth/sessions')).body.items).toEqual([]);
    expect((await me(token)).status).toBe(200);
  });

  test('the sessions of the account are seen and ended', async () => {
    const gus = await w.person('gus');
    const token = await issuer.idToken(someone('gus'));
    const outside = as(gus, token);
    const { items } = (await outside.get('/v1/auth/sessions')).body;
    expect(items).toMatchObject([{ current: false }]);
    expect((await outside.delete(`/v1/auth/sessions/${items[0].id}`)).status).toBe(204);
    expect(await gus.get('/v1/auth/me')).toBeProblem(401, 'unauthenticated');
    expect((await me(token)).status).toBe(200);
  });

  test('a call marked (MFA) is refused to an account with a second factor, until it signs in to Souk', async () => {
    const hal = await w.person('hal');
    const outside = as(hal, await issuer.idToken(someone('hal')));
    expect((await outside.charge(usd(5_00))).status).toBe(201);
    const { app } = await enrol(w, hal);

    expect(await outside.charge(usd(5_00))).toBeProblem(403, 'mfa-required');
    expect((await outside.get('/v1/auth/me')).body.mfa).toBe(true);
    expect(await outside.delete('/v1/auth/mfa/totp')).toBeProblem(403, 'mfa-required');
    expect(await outside.post('/v1/auth/step-up', { code: app.next() })).toBeProblem(409, 'identity/no-session');
    const { body } = await w.post('/v1/auth/sign-in', { username: 'hal', password: PASSWORD, code: app.next() });
    expect((await as(hal, body.accessToken).charge(usd(5_00))).status).toBe(201);
  });

  test('a new password ends all sessions, and the token goes on', async () => {
    const ivy = await w.person('ivy');
    const outside = as(ivy, await issuer.idToken(someone('ivy')));
    const change = { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` };
    expect((await outside.post('/v1/auth/change-password', change)).status).toBe(204);
    expect(await ivy.get('/v1/auth/me')).toBeProblem(401, 'unauthenticated');
    expect((await outside.get('/v1/auth/me')).status).toBe(200);
  });
});
