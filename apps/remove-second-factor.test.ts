import { afterAll, expect, test } from 'vitest';
import { PASSWORD } from '../test/people.ts';
import { openRoom, SECRET_KEYS, startApp } from '../test/real-server.ts';
import { claimsOf, enrol } from '../test/second-factor.ts';
import { type World, world } from '../test/world.ts';

const room = openRoom('lost-factor');
afterAll(() => room.clear());

/** The command line beside a running Souk. */
async function souk(w: World, ...command: string[]): Promise<{ code: number | null; said: string }> {
  const app = startApp(room.path, { DATABASE_URL: w.databaseUrl, SECRET_KEYS, LOG_LEVEL: 'silent' }, 'cli.ts', ...command);
  const { code } = await app.ended();
  return { code, said: app.stderr() };
}

test('an operator removes the lost second factor of Ann: she signs in again, all other sessions end, and she gets an email', async () => {
  const w = await world();
  const { person: ann, app, recoveryCodes } = await enrol(w, await w.person('ann'));
  const signIn = (code?: string) => w.post('/v1/auth/sign-in', { username: 'ann', password: PASSWORD, code });
  const { body: elsewhere } = await signIn(app.next());
  await w.step();

  const { code, said } = await souk(w, 'remove-second-factor', 'ANN');

  expect([code, said]).toEqual([0, expect.stringContaining('signs in with the password alone')]);
  await expect.poll(async () => (await ann.get('/v1/auth/me')).status).toBe(401);
  const refreshed = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: elsewhere.refreshToken });
  expect(refreshed).toBeProblem(401, 'identity/invalid-refresh-token');
  const { status, body } = await signIn();
  expect([status, claimsOf(body.accessToken).mfa]).toEqual([200, false]);
  expect(await w.sql('select 1 from identity.recovery_codes')).toEqual([]);

  await w.step();
  expect(w.mail('ann@example.com')?.subject).toBe('The second factor of your account was taken away');
  expect(
    await w.sql("select actor_kind, actor_id, subject, outcome, network from kernel.audit where operation = 'souk remove-second-factor'"),
  ).toEqual([{ actor_kind: 'system', actor_id: null, subject: ann.id, outcome: 'done', network: null }]);

  const anew = await enrol(w, w.withToken(ann, body.accessToken));
  expect(await anew.person.post('/v1/auth/step-up', { code: recoveryCodes[0] })).toBeProblem(401, 'identity/wrong-mfa-code');
});

test('an account without one, and an unknown account, are named to the operator; nothing changes, and nothing is audited', async () => {
  const w = await world();
  const bob = await w.person('bob');
  expect(await souk(w, 'remove-second-factor', 'bob')).toEqual({ code: 1, said: 'Souk: bob has no second factor\n' });
  expect(await souk(w, 'remove-second-factor', 'nobody')).toMatchObject({
    code: 1,
    said: expect.stringContaining('there is no account nobody'),
  });
  expect((await bob.get('/v1/auth/me')).status).toBe(200);
  expect(await w.sql("select 1 from kernel.audit where operation like 'souk%'")).toEqual([]);
});
