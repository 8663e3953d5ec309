import { beforeAll, expect, test } from 'vitest';
import { PASSWORD, type Person } from '../../../test/people.ts';
import { enrol } from '../../../test/second-factor.ts';
import { type OtherProcess, type World, world } from '../../../test/world.ts';

/**
 * Whatever voids a token here is heard of by another process at once. That process reads revocations by itself every ten seconds;
 * so each case begins right after a reading, and has three.
 */

let w: World;
let other: OtherProcess;
let count = 0;
beforeAll(async () => {
  w = await world();
  other = await w.process();
});

const SOON = { timeout: 3000, interval: 20 };
const signIn = async (username: string, password = PASSWORD) => (await w.post('/v1/auth/sign-in', { username, password })).body;
const signOut = (token: string) => w.post('/v1/auth/sign-out', undefined, { authorization: `Bearer ${token}` });
const looks = async (token: string): Promise<number> => (await other.get('/v1/auth/me', { authorization: `Bearer ${token}` })).status;

/** Lets the other process hear, so that its last reading is of this moment. */
async function hasJustRead(): Promise<void> {
  const { token } = await w.person(`herald_${++count}`);
  expect(await looks(token)).toBe(200);
  await signOut(token);
  await expect.poll(() => looks(token), SOON).toBe(401);
}

/** The code that was mailed, by whichever of the two processes took the job. */
async function codeFor({ username }: Person): Promise<string | undefined> {
  await w.step();
  const to = `${username}@example.com`;
  const text = w.mail(to)?.text ?? (await other.get(`/dev/outbox?to=${to}`)).body.items[0]?.text ?? '';
  return /^\d{6}/.exec(text)?.[0];
}

/** Each voids the token of `ann`, whose other session is `session`. */
const ends: Record<string, (ann: Person, session: { accessToken: string; refreshToken: string }) => Promise<unknown>> = {
  'a sign-out': (ann) => signOut(ann.token),
  'a session that its owner ends from elsewhere': async (ann, session) => {
    const there = w.withToken(ann, session.accessToken);
    const { items } = (await there.get('/v1/auth/sessions')).body;
    const { id } = items.find(({ current }: { current: boolean }) => !current);
    return there.delete(`/v1/auth/sessions/${id}`);
  },
  'a refresh token that is used again': async (ann) => {
    const { refreshToken, accessToken } = await signIn(ann.username);
    const refresh = () => w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: refreshToken });
    await refresh();
    w.clock.advance(11_000);
    await refresh();
    await expect.poll(() => looks(accessToken), SOON).toBe(401);
    return signOut(ann.token);
  },
  'a changed password': (ann, session) =>
    w.withToken(ann, session.accessToken).post('/v1/auth/change-password', { currentPassword: PASSWORD, newPassword: `${PASSWORD}!` }),
  'a new password by a mailed code': async (ann) => {
    await w.post('/v1/auth/forgot-password', { username: ann.username });
    await expect.poll(() => codeFor(ann), SOON).toBeDefined();
    const code = await codeFor(ann);
    return w.post('/v1/auth/reset-password', { username: ann.username, code, newPassword: `${PASSWORD}!` });
  },
  'a suspension': async (ann) => (await w.admin()).post(`/v1/users/${ann.id}/suspension`, { suspended: true, reason: 'spam' }),
  'roles that are set': async (ann) => (await w.admin()).put(`/v1/users/${ann.id}/roles`, { roles: ['support'] }),
  'roles that the operator changes': (ann) =>
    w.ask('identity', 'changeRoles', { accountId: ann.id, add: ['support'], remove: [], evenLastAdmin: false }),
  'a second factor that is enrolled': (ann) => enrol(w, ann),
  'a closed account': (ann) => w.ask('identity', 'life.close', { accountId: ann.id }),
  'an erased account': (ann) => ann.delete(`/v1/customers/${ann.username}`),
};

test.each(Object.entries(ends))('%s voids tokens in a second process at once', async (_, end) => {
  const ann = await w.person(`ann_${++count}`);
  const session = await signIn(ann.username);
  await hasJustRead();
  expect(await looks(ann.token)).toBe(200);

  await end(ann, session);

  await expect.poll(() => looks(ann.token), SOON).toBe(401);
});

test.each<[string, (person: Person) => Promise<unknown>]>([
  ['its owner removes', (person) => person.delete('/v1/auth/mfa/totp')],
  ['the operator takes away', (person) => w.ask('identity', 'removeSecondFactor', { accountId: person.id })],
])('a second factor that %s voids tokens in a second process at once', async (_, remove) => {
  const { person } = await enrol(w, await w.person(`eve_${++count}`));
  await hasJustRead();
  expect(await looks(person.token)).toBe(200);

  await remove(person);

  await expect.poll(() => looks(person.token), SOON).toBe(401);
});

test('an API key that is deleted is void in a second process at once', async () => {
  const brief = await w.partner('Brief', ['audit:read']);
  const there = other.withKey(brief.id, brief.key);
  await hasJustRead();
  expect((await there.get('/v1/audit')).status).toBe(200);

  expect((await (await w.person('root', ['admin'])).delete(`/v1/api-keys/${brief.id}`)).status).toBe(204);

  await expect.poll(async () => (await there.get('/v1/audit')).status, SOON).toBe(401);
});

test('what is asked for here is done by a second process: its relay finds the job, and its worker mails the code', async () => {
  const email = 'zoe@example.com';
  expect((await w.post('/v1/auth/sign-up', { email, username: 'zoe', password: PASSWORD, fullName: 'Zoe' })).status).toBe(201);

  const mails = async () => (await other.get(`/dev/outbox?to=${email}`)).body.items as { text: string }[];
  await expect.poll(async () => (await mails()).length, { timeout: 10_000, interval: 50 }).toBe(1);
  const code = /^\d{6}/.exec((await mails())[0]!.text)?.[0];
  expect((await w.post('/v1/auth/confirm-sign-up', { username: 'zoe', code })).status).toBe(200);
});

test('revocations that fill more than a page are all read', async () => {
  const late = await w.person('late');
  await w.sql(
    "insert into identity.revocations (kind, id, expires_at) select 'session', gen_random_uuid(), $1 from generate_series(1, 20001)",
    [new Date(w.clock.now().getTime() + 300_000)],
  );
  await signOut(late.token);

  const sibling = await w.sibling();
  const status = async (where: Pick<World, 'get'>) => (await where.get('/v1/auth/me', { authorization: `Bearer ${late.token}` })).status;
  expect([await status(sibling), await status(w)]).toEqual([401, 401]);
  await expect.poll(() => status(other), SOON).toBe(401);
});
