import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect, test } from 'vitest';
import { secretsFrom } from '#kernel/secrets.ts';
import { PASSWORD } from '../../../test/people.ts';
import { testSettings } from '../../../test/settings.ts';
import { type World, world } from '../../../test/world.ts';
import { readRefreshToken } from './session.ts';

const DAY = 86_400_000;

const refresh = (w: World, token: string) => w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: token });
const refreshByForm = (w: World, token: string) =>
  w.fetch('/v1/auth/token', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: token }).toString(),
  });
const me = (w: Pick<World, 'get'>, accessToken: string) => w.get('/v1/auth/me', { authorization: `Bearer ${accessToken}` });
const signOut = (w: World, accessToken: string) =>
  w.fetch('/v1/auth/sign-out', { method: 'POST', headers: { authorization: `Bearer ${accessToken}` } });

async function signedIn() {
  const w = await world();
  await w.person('bob');
  return { w, tokens: (await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD })).body };
}

test.each([
  ['JSON', refresh],
  ['a form', refreshByForm],
])('a refresh token sent as %s is exchanged for new tokens', async (_, send) => {
  const { w, tokens } = await signedIn();
  const { status, body } = await send(w, tokens.refreshToken);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    tokenType: 'Bearer',
    token_type: 'Bearer',
    expires_in: 600,
    refresh_token: body.refreshToken,
    access_token: body.accessToken,
  });
  expect(body.refreshToken).not.toBe(tokens.refreshToken);
  expect((await me(w, body.accessToken)).body.username).toBe('bob');
  expect((await send(w, body.refreshToken)).status).toBe(200);
});

test('a refresh token that comes again after it was exchanged ends the whole family, and its access tokens', async () => {
  const { w, tokens } = await signedIn();
  const second = (await refresh(w, tokens.refreshToken)).body;
  const third = (await refresh(w, second.refreshToken)).body;

  const reused = await refresh(w, tokens.refreshToken);
  expect(reused).toBeProblem(401, 'identity/invalid-refresh-token');
  expect(reused.body.error).toBe('invalid_grant');
  expect(await refresh(w, third.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
  for (const { accessToken } of [tokens, second, third]) expect(await me(w, accessToken)).toBeProblem(401, 'unauthenticated');
  expect(await w.sql('select ended_by from identity.sessions where ended_at is not null')).toEqual([{ ended_by: 'reuse' }]);
});

test('the end of one family leaves the others of the account alone', async () => {
  const { w, tokens } = await signedIn();
  const elsewhere = (await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD })).body;
  await refresh(w, tokens.refreshToken);
  w.clock.advance(11_000);
  await refresh(w, tokens.refreshToken);
  expect((await me(w, elsewhere.accessToken)).status).toBe(200);
  expect((await refresh(w, elsewhere.refreshToken)).status).toBe(200);
});

test.each([2, 5, 20])('%i who present one refresh token at the same time all get the same next one', async (callers) => {
  const { w, tokens } = await signedIn();
  const answers = await Promise.all(Array.from({ length: callers }, () => refresh(w, tokens.refreshToken)));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
  expect((await me(w, answers[0]?.body.accessToken)).status).toBe(200);
  expect((await refresh(w, answers[0]?.body.refreshToken)).status).toBe(200);
  expect(await w.sql('select generation, ended_by from identity.sessions where ended_at is not null or generation = 3')).toEqual([
    { generation: 3, ended_by: null },
  ]);
});

test('a client that lost the reply of a refresh asks again within seconds; later it is reuse', async () => {
  const { w, tokens } = await signedIn();
  const lost = await refresh(w, tokens.refreshToken);
  w.clock.advance(8_000);
  const again = await refresh(w, tokens.refreshToken);
  expect([again.status, again.body.refreshToken]).toEqual([200, lost.body.refreshToken]);
  w.clock.advance(3_000);
  expect(await refresh(w, tokens.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
  expect(await refresh(w, again.body.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
});

test('two processes that exchange one token at the same time give the same next one', async () => {
  const { w, tokens } = await signedIn();
  const secrets = secretsFrom(testSettings().keys.all());
  const token = readRefreshToken(secrets, tokens.refreshToken);
  if (!token) throw new Error('the token cannot be read');
  const sibling = await w.sibling();

  const row = await holdRow(w, token.sessionId);
  const both = [refresh(w, tokens.refreshToken), refresh(sibling, tokens.refreshToken)];
  await until(
    async () =>
      (await w.sql(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`)).length === 2,
  );
  await row.release();
  const [one, other] = await Promise.all(both);
  expect([one?.status, other?.status]).toEqual([200, 200]);
  expect(other?.body.refreshToken).toBe(one?.body.refreshToken);
});

test('a forged token ends no session, for any session that it names', async () => {
  const { w, tokens } = await signedIn();
  await refresh(w, tokens.refreshToken);
  const [session, , chance, signature] = tokens.refreshToken.split('.');
  const forged = [
    `${session}.1.${chance}.${'A'.repeat(43)}`,
    `${session}.0.${chance}.${signature}`,
    `${session}.9.${chance}.${signature}`,
    session,
    'x',
    '...',
    tokens.accessToken,
  ];
  for (const token of forged) expect(await refresh(w, token)).toBeProblem(401, 'identity/invalid-refresh-token');
  expect((await me(w, tokens.accessToken)).status).toBe(200);
});

test('a refresh without a token is not understood', async () => {
  const w = await world();
  expect(await w.post('/v1/auth/token', { grant_type: 'refresh_token' })).toBeProblem(400, 'malformed');
  expect(await w.post('/v1/auth/token', { grant_type: 'authorization_code', refresh_token: 'x' })).toBeProblem(422, 'invalid');
});

test('a session that is not used for 30 days is over', async () => {
  const { w, tokens } = await signedIn();
  w.clock.advance(29 * DAY);
  const second = await refresh(w, tokens.refreshToken);
  expect(second.status).toBe(200);
  w.clock.advance(30 * DAY);
  expect(await refresh(w, second.body.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
});

test('a session that is used all the time is over after 90 days', async () => {
  const { w, tokens } = await signedIn();
  let token = tokens.refreshToken;
  for (let day = 20; day <= 80; day += 20) {
    w.clock.advance(20 * DAY);
    token = (await refresh(w, token)).body.refreshToken;
  }
  w.clock.advance(11 * DAY);
  expect(await refresh(w, token)).toBeProblem(401, 'identity/invalid-refresh-token');
});

test('an access token is valid for ten minutes', async () => {
  const { w, tokens } = await signedIn();
  w.clock.advance(590_000);
  expect((await me(w, tokens.accessToken)).status).toBe(200);
  w.clock.advance(10_000);
  expect(await me(w, tokens.accessToken)).toBeProblem(401, 'unauthenticated');
});

test('sign-out ends the session and its access token at once, and is the same twice', async () => {
  const { w, tokens } = await signedIn();
  const elsewhere = (await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD })).body;
  expect((await me(w, tokens.accessToken)).status).toBe(200); // now it is remembered
  expect((await signOut(w, tokens.accessToken)).status).toBe(204);
  expect(await me(w, tokens.accessToken)).toBeProblem(401, 'unauthenticated');
  expect(await signOut(w, tokens.accessToken)).toBeProblem(401, 'unauthenticated');
  expect(await refresh(w, tokens.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
  expect((await me(w, elsewhere.accessToken)).status).toBe(200);
});

test('a second process on the same database hears at once of a sign-out, and of a changed password', async () => {
  const { w, tokens } = await signedIn();
  const other = await w.process();
  const signInAgain = async () => (await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD })).body.accessToken;
  const endsElsewhere = async (token: string, end: () => Promise<unknown>) => {
    expect((await me(other, token)).status).toBe(200);
    await end();
    await expect.poll(async () => (await me(other, token)).status, { timeout: 3000, interval: 20 }).toBe(401);
  };
  await endsElsewhere(tokens.accessToken, () => signOut(w, tokens.accessToken));
  const [stolen, own] = [await signInAgain(), await signInAgain()];
  await endsElsewhere(stolen, async () => {
    const reply = await w.post(
      '/v1/auth/change-password',
      { currentPassword: PASSWORD, newPassword: 'a password after the theft' },
      { authorization: `Bearer ${own}` },
    );
    expect(reply.status, JSON.stringify(reply.body)).toBeLessThan(300);
  });
});

test('a process that starts after a sign-out knows of it', async () => {
  const { w, tokens } = await signedIn();
  await signOut(w, tokens.accessToken);
  const other = await w.sibling();
  expect(await me(other, tokens.accessToken)).toBeProblem(401, 'unauthenticated');
});

test('a refresh for a suspended account is refused', async () => {
  const { w, tokens } = await signedIn();
  await w.sql(`update identity.accounts set state = 'suspended' where username = 'bob'`);
  expect(await refresh(w, tokens.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
});

test('what has had its time is forgotten', async () => {
  const { w, tokens } = await signedIn();
  await signOut(w, tokens.accessToken);
  w.clock.advance(3 * 3_600_000);
  await w.step();
  expect(await w.sql('select 1 from identity.revocations')).toEqual([]);
  w.clock.advance(31 * DAY);
  await w.step();
  expect(await w.sql('select 1 from identity.sessions')).toEqual([]);
});

async function until(isSo: () => Promise<boolean>, withinMs = 5000): Promise<void> {
  for (const began = performance.now(); !(await isSo()); await sleep(5))
    if (performance.now() - began > withinMs) throw new Error(`It did not come about within ${withinMs} ms`);
}

/** Holds the row of a session, as a slow process would. */
async function holdRow(w: World, sessionId: string) {
  const client = new pg.Client({ connectionString: w.databaseUrl });
  await client.connect();
  await client.query('begin');
  await client.query('select 1 from identity.sessions where id = $1 for update', [sessionId]);
  return {
    async release() {
      await client.query('commit');
      await client.end();
    },
  };
}

test('while an account is being closed its refresh tokens are refused and not used up: let in again, its sessions go on', async () => {
  const { w, tokens } = await signedIn();
  const { id: accountId } = (await me(w, tokens.accessToken)).body;
  await w.ask('identity', 'life.close', { accountId });
  for (let n = 0; n < 3; n++) expect(await refresh(w, tokens.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
  await w.ask('identity', 'life.reopen', { accountId });

  const again = await refresh(w, tokens.refreshToken);
  expect(again.status).toBe(200);
  expect((await me(w, again.body.accessToken)).status).toBe(200);
});

test('refreshes during a closing and a reopening lose nobody their session', async () => {
  const { w, tokens } = await signedIn();
  const { id: accountId } = (await me(w, tokens.accessToken)).body;
  let token: string = tokens.refreshToken;
  for (let round = 0; round < 10; round++) {
    const closing = w.ask('identity', 'life.close', { accountId }).then(() => w.ask('identity', 'life.reopen', { accountId }));
    for (let n = 0; n < 3; n++) {
      const reply = await refresh(w, token);
      if (reply.status === 200) token = reply.body.refreshToken;
    }
    await closing;
  }
  expect((await refresh(w, token)).status).toBe(200);
});
