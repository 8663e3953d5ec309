import { encode } from 'uqr';
import { beforeAll, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { PASSWORD, type Person } from '../../../test/people.ts';
import { appOf, claimsOf, enrol, meanwhile, TOTP_PATH } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

const signIn = (username: string, code?: string) => w.post('/v1/auth/sign-in', { username, password: PASSWORD, code });
const refresh = (refreshToken: string) => w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: refreshToken });
const begin = async (person: Person) => appOf(w, (await person.post(TOTP_PATH, { currentPassword: PASSWORD })).body.secret);
const confirm = (person: Person, code: string) => person.post(`${TOTP_PATH}/confirm`, { code });
const me = (token: string) => w.get('/v1/auth/me', { authorization: `Bearer ${token}` });

test('a secret comes as text, as a URI and as a picture, and changes nothing by itself', async () => {
  const ann = await w.person('ann');

  const { status, body } = await ann.post(TOTP_PATH, { currentPassword: PASSWORD });

  expect(status).toBe(201);
  expect(body.secret).toMatch(/^[A-Z2-7]{32}$/);
  expect(body.uri).toBe(`otpauth://totp/Souk:ann?issuer=Souk&secret=${body.secret}&algorithm=SHA1&digits=6&period=30`);
  expect(modulesOf(body.qr)).toEqual(encode(body.uri, { border: 4 }).data);
  expect((await ann.get('/v1/auth/me')).body.mfa).toBe(false);
  expect((await signIn('ann')).status).toBe(200);
});

test('a stolen token alone enrols nothing: it takes the current password', async () => {
  const zoe = await w.person('zoe');
  for (const body of [undefined, {}]) expect(await zoe.post(TOTP_PATH, body)).toBeProblem(403, 'identity/password-required');
  expect(await zoe.post(TOTP_PATH, { currentPassword: 'a guess' })).toBeProblem(403, 'identity/wrong-password');
  expect(await confirm(zoe, '123456')).toBeProblem(409, 'identity/no-second-factor');
  expect((await zoe.post(TOTP_PATH, { currentPassword: PASSWORD })).status).toBe(201);
});

/** The black and white of a QR code, read from its SVG. */
function modulesOf(svg: string): boolean[][] {
  const size = Number(/^<svg [^>]*viewBox="0 0 (\d+) \1"/.exec(svg)?.[1]) / 4;
  const black = new Set([...svg.matchAll(/M(\d+),(\d+)h4v4h-4z/g)].map(([, x, y]) => `${Number(x) / 4},${Number(y) / 4}`));
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => black.has(`${x},${y}`)));
}

test('the first code enrols: this session is stepped up, and every token from before is void', async () => {
  const ben = await w.person('ben');
  const { body: elsewhere } = await signIn('ben');
  const app = await begin(ben);

  const { status, body } = await confirm(ben, app.code());

  expect(status).toBe(200);
  expect(body).toMatchObject({ expiresIn: 600, tokenType: 'Bearer' });
  expect(new Set(body.recoveryCodes).size).toBe(10);
  for (const code of body.recoveryCodes) expect(code).toMatch(/^[a-z2-7]{5}-[a-z2-7]{5}$/);
  const claims = claimsOf(body.accessToken);
  expect(claims).toMatchObject({ sid: claimsOf(ben.token).sid, mfa: true });
  expect(Math.abs(claims.mfa_at - w.clock.now().getTime() / 1000)).toBeLessThan(60);
  expect((await me(body.accessToken)).body.mfa).toBe(true);
  for (const old of [ben.token, elsewhere.accessToken]) expect(await me(old)).toBeProblem(401, 'unauthenticated');
  const refreshed = claimsOf((await refresh(elsewhere.refreshToken)).body.accessToken);
  expect([refreshed.mfa, refreshed.mfa_at]).toEqual([true, undefined]);
});

test('a secret that is asked for again takes the place of the one before', async () => {
  const cleo = await w.person('cleo');
  const [first, second] = [await begin(cleo), await begin(cleo)];

  expect(await confirm(cleo, first.code())).toBeProblem(401, 'identity/wrong-mfa-code');
  expect((await confirm(cleo, second.code())).status).toBe(200);
});

test('nothing is confirmed that was not begun within the hour', async () => {
  const dora = await w.person('dora');
  expect(await confirm(dora, '123456')).toBeProblem(409, 'identity/no-second-factor');
  const app = await begin(dora);
  expect(await confirm(dora, 'aaaaa-aaaaa')).toBeProblem(422, 'invalid');
  w.clock.advance(minutes(61));
  const later = w.withToken(dora, (await signIn('dora')).body.accessToken);
  expect(await confirm(later, app.code())).toBeProblem(409, 'identity/no-second-factor');

  await w.step();
  expect(await w.sql('select 1 from identity.second_factors where account_id = $1', [dora.id])).toEqual([]);
});

test('an account with one cannot enrol another', async () => {
  const { person: eve, app } = await enrol(w, await w.person('eve'));
  expect(await eve.post(TOTP_PATH)).toBeProblem(409, 'identity/mfa-enrolled');
  for (let i = 0; i < 6; i++) expect(await confirm(eve, app.next())).toBeProblem(409, 'identity/mfa-enrolled');
  expect((await eve.post('/v1/auth/step-up', { code: app.next() })).status).toBe(200);
});

test('of twenty confirmations at once one enrols, and its recovery codes are the only ones', async () => {
  const fay = await w.person('fay');
  const app = await begin(fay);
  const code = app.code();
  const replies = await Promise.all(Array.from({ length: 20 }, () => confirm(fay, code)));

  const enrolled = replies.filter(({ status }) => status === 200);
  expect(enrolled).toHaveLength(1);
  expect(await w.sql('select 1 from identity.recovery_codes where account_id = $1', [fay.id])).toHaveLength(10);
  const [recovery] = enrolled[0]!.body.recoveryCodes;
  expect((await signIn('fay', recovery)).status).toBe(200);
});

test('guesses at the first code are limited', async () => {
  const gus = await w.person('gus');
  const app = await begin(gus);
  for (let i = 0; i < 5; i++) expect(await confirm(gus, app.code(10 + i))).toBeProblem(401, 'identity/wrong-mfa-code');
  expect(await confirm(gus, app.code())).toBeProblem(429, 'too-many-requests');
});

test('removing it takes a stepped-up session, and ends every token that speaks of it', async () => {
  const { person: hal, app, recoveryCodes } = await enrol(w, await w.person('hal'));
  const { body: session } = await signIn('hal', app.next());
  const { body: refreshed } = await refresh(session.refreshToken);
  const plain = w.withToken(hal, refreshed.accessToken);
  expect(await plain.delete(TOTP_PATH)).toBeProblem(403, 'mfa-required');

  expect((await hal.delete(TOTP_PATH)).status).toBe(204);

  for (const token of [hal.token, refreshed.accessToken]) expect(await me(token)).toBeProblem(401, 'unauthenticated');
  const { body: again } = await refresh(refreshed.refreshToken);
  expect(claimsOf(again.accessToken)).toMatchObject({ mfa: false });
  expect((await signIn('hal')).status).toBe(200);
  expect(await w.sql('select 1 from identity.recovery_codes where account_id = $1', [hal.id])).toEqual([]);
  const bare = w.withToken(hal, again.accessToken);
  expect(await bare.delete(TOTP_PATH)).toBeProblem(409, 'identity/no-second-factor');

  const anew = await enrol(w, bare);
  expect(await anew.person.post('/v1/auth/step-up', { code: recoveryCodes[0] })).toBeProblem(401, 'identity/wrong-mfa-code');
  expect(await anew.person.post('/v1/auth/step-up', { code: app.next() })).toBeProblem(401, 'identity/wrong-mfa-code');
});

test('a token that knows of no second factor does not remove one that is enrolled this very moment', async () => {
  const kim = await w.person('kim');
  const reply = await meanwhile(w, kim.id, () => kim.delete(TOTP_PATH), {
    text: 'update identity.accounts set has_second_factor = true where id = $1',
    values: [kim.id],
  });
  expect(reply).toBeProblem(409, 'identity/no-second-factor');
  expect((await kim.get('/v1/auth/me')).body.mfa).toBe(true);
});

test('neither the secret nor a recovery code is readable in the database, and a sealed secret works only where it belongs', async () => {
  const [ida, jim] = [await enrol(w, await w.person('ida')), await enrol(w, await w.person('jim'))];
  await ida.person.post('/v1/auth/step-up', { code: ida.recoveryCodes[0] });
  const dump = (await w.dump()).toLowerCase();

  expect(dump).toContain(ida.person.id);
  for (const secret of [ida.secret, ...ida.recoveryCodes, ...ida.recoveryCodes.map((code) => code.replace('-', ''))])
    expect(dump.includes(secret.toLowerCase()), secret).toBe(false);

  await w.sql(
    'update identity.second_factors set secret_sealed = (select secret_sealed from identity.second_factors where account_id = $1) where account_id = $2',
    [ida.person.id, jim.person.id],
  );
  expect((await jim.person.post('/v1/auth/step-up', { code: ida.app.next() })).status).toBe(500);
});

test('the operator cannot remove a second factor of an account without one, or of an unknown account', async () => {
  const ivo = await w.person('ivo');
  const takeAway = (accountId: string) => w.ask('identity', 'removeSecondFactor', { accountId });
  await expect(takeAway(ivo.id)).rejects.toMatchObject({ code: 'identity/no-second-factor' });
  await expect(takeAway('00000000-0000-4000-8000-000000000000')).rejects.toMatchObject({ code: 'not-found' });
  expect((await ivo.get('/v1/auth/me')).status).toBe(200);
});
