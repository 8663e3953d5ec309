import { beforeAll, describe, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { PASSWORD, type Person } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let mod: Person;
beforeAll(async () => {
  w = await world();
  mod = await w.person('mod', ['moderator']);
});

/** Sooner than a process asks by itself, which is ten seconds after it has last read what is revoked. */
const heardSoon = { timeout: 3000, interval: 20 };
const suspend = (who: Person, by: Person, suspended = true) => by.post(`/v1/users/${who.id}/suspension`, { suspended, reason: 'spam' });
const me = async (person: Person, where: Pick<World, 'get'> = w) =>
  (await where.get('/v1/auth/me', { authorization: `Bearer ${person.token}` })).status;

describe('a suspended account', () => {
  test('is out with its next call, in every process, and cannot come back in', async () => {
    const ann = await w.person('ann');
    const elsewhere = await w.process();
    const { body: tokens } = await w.post('/v1/auth/sign-in', { username: 'ann', password: PASSWORD });
    expect([await me(ann), await me(ann, elsewhere)]).toEqual([200, 200]);

    expect((await suspend(ann, mod)).body).toEqual({ id: ann.id, username: 'ann', suspended: true });

    expect(await me(ann)).toBe(401);
    await expect.poll(() => me(ann, elsewhere), heardSoon).toBe(401);
    expect(await w.post('/v1/auth/sign-in', { username: 'ann', password: PASSWORD })).toBeProblem(403, 'identity/account-suspended');
    expect(await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: tokens.refreshToken })).toBeProblem(
      401,
      'identity/invalid-refresh-token',
    );
  });

  test('is let in again, with a new sign-in', async () => {
    const ben = await w.person('ben');
    await suspend(ben, mod);
    expect((await suspend(ben, mod, false)).body.suspended).toBe(false);
    expect(await me(ben)).toBe(401);
    expect((await w.post('/v1/auth/sign-in', { username: 'ben', password: PASSWORD })).status).toBe(200);
  });

  test('needs permission: a moderator cannot suspend staff, and nobody can suspend their own account', async () => {
    const [cleo, finn, root] = [await w.person('cleo'), await w.person('finn', ['finance']), await w.admin()];
    expect(await suspend(finn, cleo)).toBeProblem(403, 'forbidden');
    expect(await suspend(finn, mod)).toBeProblem(403, 'forbidden');
    expect(await suspend(root, root)).toBeProblem(409, 'identity/own-suspension');
    expect((await suspend(finn, root)).status).toBe(200);
    expect(await mod.post('/v1/users/0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01/suspension', { suspended: true, reason: 'x' })).toBeProblem(
      404,
      'not-found',
    );
    const audit = await w.sql(
      "select outcome from kernel.audit where operation = 'postUsersByUserIdSuspension' and subject = $1 order by at",
      [finn.id],
    );
    expect(audit.map(({ outcome }) => outcome)).toEqual(['refused', 'refused', 'done']);
  });

  test('and its sign-ins race to one end', async () => {
    const dan = await w.person('dan');
    const calls = [
      suspend(dan, mod),
      ...Array.from({ length: 8 }, () => w.post('/v1/auth/sign-in', { username: 'dan', password: PASSWORD })),
    ];
    const tokens = (await Promise.all(calls)).flatMap(({ body }) => body.accessToken ?? []);
    for (const token of tokens) expect(await me({ ...dan, token })).toBe(401);
    expect(await w.sql('select id from identity.sessions where account_id = $1 and ended_at is null', [dan.id])).toEqual([]);
  });
});

describe('sessions', () => {
  test('are listed, the newest first, and ended one by one, at once', async () => {
    const eve = await w.person('eve');
    const { body: second } = await w.post('/v1/auth/sign-in', { username: 'eve', password: PASSWORD });
    const { items } = (await eve.get('/v1/auth/sessions')).body;
    expect(items.map(({ current }: { current: boolean }) => current)).toEqual([false, true]);

    expect((await eve.delete(`/v1/auth/sessions/${items[0].id}`)).status).toBe(204);

    expect(await me({ ...eve, token: second.accessToken })).toBe(401);
    expect((await eve.get('/v1/auth/sessions')).body.items).toHaveLength(1);
    expect(await eve.delete(`/v1/auth/sessions/${items[0].id}`)).toBeProblem(404, 'not-found');
  });

  test("are one's own", async () => {
    const [fay, gus] = [await w.person('fay'), await w.person('gus')];
    const [session] = (await fay.get('/v1/auth/sessions')).body.items;
    expect(await gus.delete(`/v1/auth/sessions/${session.id}`)).toBeProblem(404, 'not-found');
    expect(await me(fay)).toBe(200);
  });
});

test('sign-in attempts beyond the limit are refused where they come from, whether anybody has the name, and its owner still signs in', async () => {
  const strict = await w.sibling({ RATE_LIMITS: 'on', TRUST_PROXY: 'on' });
  await w.person('hal');
  const attempt = (username: string, password: string, port = 4711) =>
    strict.post(
      '/v1/auth/sign-in',
      { username, password },
      { 'x-forwarded-for': `${username === 'hal' ? '10.0.0.1' : '10.0.1.1'}:${port}` },
    );
  for (const username of ['hal', 'nobody-at-all']) {
    const guesses = await Promise.all(Array.from({ length: 14 }, (_, n) => attempt(username, `guess ${n}`, 4000 + n)));
    expect(guesses.filter(({ status }) => status === 401)).toHaveLength(10);
    for (const late of guesses.filter(({ status }) => status !== 401)) expect(late).toBeProblem(429, 'too-many-requests');
  }
  const right = await attempt('hal', PASSWORD);
  expect(right.status).toBe(429);
  expect(Number(right.headers.get('retry-after'))).toBeGreaterThan(600);
  const elsewhere = { 'x-forwarded-for': '10.9.9.9' };
  expect((await strict.post('/v1/auth/sign-in', { username: 'hal', password: PASSWORD }, elsewhere)).status).toBe(200);
  expect((await attempt('hal', PASSWORD)).status).toBe(429);

  w.clock.advance(minutes(16));
  expect((await attempt('hal', PASSWORD)).status).toBe(200);
  expect(await w.sql('select count(*)::int from identity.attempts')).toEqual([{ count: 3 }]); // nobody's, there and everywhere, and hal's everywhere
});
