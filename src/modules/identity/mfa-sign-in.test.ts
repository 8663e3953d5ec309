import { beforeAll, expect, test } from 'vitest';
import { PASSWORD } from '../../../test/people.ts';
import { claimsOf, enrol, meanwhile, WRONG } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

const signIn = (username: string, rest: object = {}) => w.post('/v1/auth/sign-in', { username, password: PASSWORD, ...rest });

test('an account with a second factor signs in with a code, and is stepped up at once', async () => {
  const { app, recoveryCodes } = await enrol(w, await w.person('ann'));
  const code = app.next();

  const byCode = await signIn('ann', { code });
  const byRecovery = await signIn('ann', { code: recoveryCodes[3] });

  for (const { status, body } of [byCode, byRecovery]) {
    expect(status).toBe(200);
    const { mfa, mfa_at, iat } = claimsOf(body.accessToken);
    expect(mfa).toBe(true);
    expect(Math.abs(iat - mfa_at)).toBeLessThan(30);
  }
  expect(await signIn('ann', { code })).toBeProblem(401, 'identity/wrong-mfa-code');
  expect(await signIn('ann', { code: recoveryCodes[3] })).toBeProblem(401, 'identity/wrong-mfa-code');
});

test('only a caller who knows the password learns that a code is needed', async () => {
  const { app } = await enrol(w, await w.person('ben'));
  expect(await signIn('ben')).toBeProblem(401, 'identity/mfa-code-required');
  expect(await signIn('ben', WRONG)).toBeProblem(401, 'identity/wrong-mfa-code');
  for (const rest of [{}, WRONG, { code: app.next() }])
    expect(await signIn('ben', { password: 'a wrong password', ...rest })).toBeProblem(401, 'identity/wrong-credentials');
  expect(await signIn('ben', { code: '12' })).toBeProblem(422, 'invalid');
  expect((await signIn('ben', { code: app.code() })).status).toBe(200); // a wrong password has not spent it
});

test('twenty sign-ins with one code at once begin one session', async () => {
  const { person: cleo, app } = await enrol(w, await w.person('cleo'));
  const code = app.next();
  const replies = await Promise.all(Array.from({ length: 20 }, () => signIn('cleo', { code })));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(await w.sql('select 1 from identity.sessions where account_id = $1', [cleo.id])).toHaveLength(2);
});

test('Basic, which has no place for a code, is refused', async () => {
  await enrol(w, await w.person('dora'));
  const basic = (password: string) =>
    w.post('/v1/auth/token', {}, { authorization: `Basic ${Buffer.from(`dora:${password}`).toString('base64')}` });
  expect(await basic(PASSWORD)).toBeProblem(401, 'identity/mfa-code-required');
  expect(await basic('a wrong password')).toBeProblem(401, 'identity/wrong-credentials');
});

test('a refresh goes without a code, and is not stepped up', async () => {
  const { app } = await enrol(w, await w.person('eve'));
  const { body } = await signIn('eve', { code: app.next() });
  const refreshed = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken });
  expect(refreshed.status).toBe(200);
  const { mfa, mfa_at } = claimsOf(refreshed.body.accessToken);
  expect([mfa, mfa_at]).toEqual([true, undefined]);
});

test('an account without a second factor needs no code, and one that it sends steps nothing up', async () => {
  await w.person('fay');
  const { status, body } = await signIn('fay', { code: '123456' });
  expect(status).toBe(200);
  const { mfa, mfa_at } = claimsOf(body.accessToken);
  expect([mfa, mfa_at]).toEqual([false, undefined]);
});

test('a sign-in without a code, begun before somebody enrolled, is refused after', async () => {
  const gus = await w.person('gus');
  const reply = await meanwhile(w, gus.id, () => signIn('gus'), {
    text: 'update identity.accounts set has_second_factor = true where id = $1',
    values: [gus.id],
  });
  expect(reply).toBeProblem(401, 'identity/wrong-credentials');
});
