import { beforeAll, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { PASSWORD, type Person, type Reply } from '../../../test/people.ts';
import { claimsOf, enrol, meanwhile, WRONG } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

const stepUp = (person: Person, code: string) => person.post('/v1/auth/step-up', { code });
const twenty = (call: () => Promise<Reply>) => Promise.all(Array.from({ length: 20 }, call));
const accepted = (replies: Reply[]) => replies.filter(({ status }) => status === 200).length;

test('a code answers a token of the same session that says when it was proven', async () => {
  const { person: ann, app } = await enrol(w, await w.person('ann'));
  const code = app.next();

  const { status, body } = await stepUp(ann, `${code.slice(0, 3)} ${code.slice(3)}`);

  expect(status).toBe(200);
  expect(body).toEqual({ accessToken: expect.any(String), expiresIn: 600, tokenType: 'Bearer' });
  const [before, after] = [claimsOf(ann.token), claimsOf(body.accessToken)];
  expect(after).toMatchObject({ sub: ann.id, sid: before.sid, mfa: true });
  expect(after.mfa_at).toBeGreaterThan(before.mfa_at);
  expect((await ann.get('/v1/auth/me')).status).toBe(200); // the one before goes on
});

test('the code that enrolled is spent, as is every step up to the newest that was used', async () => {
  const { person: ben, app } = await enrol(w, await w.person('ben'));
  expect(await stepUp(ben, app.code())).toBeProblem(401, 'identity/wrong-mfa-code');
  const [older, newer] = [app.next(), app.code(1)];
  expect((await stepUp(ben, newer)).status).toBe(200);
  for (const spent of [newer, older]) expect(await stepUp(ben, spent)).toBeProblem(401, 'identity/wrong-mfa-code');
});

test('a code is taken one step early or late, not more', async () => {
  const { person: cleo, app } = await enrol(w, await w.person('cleo'));
  w.clock.advance(minutes(3));
  const now = w.clock.now().getTime();
  w.clock.advance(30_000 - (now % 30_000) + 1000); // a step has just begun
  expect(await stepUp(cleo, app.code(-2))).toBeProblem(401, 'identity/wrong-mfa-code');
  expect(await stepUp(cleo, app.code(2))).toBeProblem(401, 'identity/wrong-mfa-code');
  expect((await stepUp(cleo, app.code(-1))).status).toBe(200);
  expect((await stepUp(cleo, app.code(0))).status).toBe(200);
  expect((await stepUp(cleo, app.code(1))).status).toBe(200);
});

test('twenty who send one code at once: one is let in', async () => {
  const { person: dora, app } = await enrol(w, await w.person('dora'));
  const code = app.next();
  expect(accepted(await twenty(() => stepUp(dora, code)))).toBe(1);
});

test('twenty who send one recovery code at once: one succeeds, and the other codes stay valid, each once', async () => {
  const { person: eve, recoveryCodes } = await enrol(w, await w.person('eve'));
  expect(accepted(await twenty(() => stepUp(eve, recoveryCodes[0]!)))).toBe(1);
  w.clock.advance(minutes(5));
  await w.sql('delete from identity.attempts');

  expect((await stepUp(eve, recoveryCodes[1]!.toUpperCase().replace('-', ' '))).status).toBe(200);
  expect((await stepUp(eve, recoveryCodes[2]!.replace('-', ''))).status).toBe(200);
  expect(await stepUp(eve, recoveryCodes[1]!)).toBeProblem(401, 'identity/wrong-mfa-code');
});

test("one person's codes are nothing to another", async () => {
  const [fay, gus] = [await enrol(w, await w.person('fay')), await enrol(w, await w.person('gus'))];
  for (const code of [fay.app.next(), fay.recoveryCodes[0]!])
    expect(await stepUp(gus.person, code)).toBeProblem(401, 'identity/wrong-mfa-code');
  expect((await stepUp(fay.person, fay.recoveryCodes[0]!)).status).toBe(200);
});

test('five failures close it for a quarter of an hour, in this session alone, whether they come at once or not', async () => {
  const { person: hal, app } = await enrol(w, await w.person('hal'));
  const { person: ida, app: hers } = await enrol(w, await w.person('ida'));
  const signIn = (code: string) => w.post('/v1/auth/sign-in', { username: 'hal', password: PASSWORD, code });

  const guesses = await twenty(() => stepUp(hal, WRONG.code));

  expect(guesses.filter(({ body }) => body.code === 'identity/wrong-mfa-code')).toHaveLength(5);
  const refused = await stepUp(hal, app.next());
  expect(refused).toBeProblem(429, 'too-many-requests');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(800);
  expect((await signIn(app.next())).status).toBe(200);
  for (let n = 0; n < 6; n++) await signIn(WRONG.code);
  expect(await signIn(app.next())).toBeProblem(429, 'too-many-requests'); // of the place that guessed
  expect((await stepUp(ida, hers.next())).status).toBe(200);

  w.clock.advance(minutes(15));
  expect((await signIn(app.next())).status).toBe(200);
});

test('a code that was right makes the failures before it forgotten', async () => {
  const { person: jim, app } = await enrol(w, await w.person('jim'));
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 4; i++) expect(await stepUp(jim, WRONG.code)).toBeProblem(401, 'identity/wrong-mfa-code');
    expect((await stepUp(jim, app.next())).status).toBe(200);
  }
});

test('without a second factor there is nothing to step up with', async () => {
  const kim = await w.person('kim');
  expect(await stepUp(kim, '123456')).toBeProblem(409, 'identity/no-second-factor');
  await kim.post('/v1/auth/mfa/totp', { currentPassword: PASSWORD });
  expect(await stepUp(kim, '123456')).toBeProblem(409, 'identity/no-second-factor');
  expect(await stepUp(kim, '12345')).toBeProblem(422, 'invalid');
});

test('a session that ends while it is being stepped up gets no token', async () => {
  const { person: lea, app } = await enrol(w, await w.person('lea'));

  const reply = await meanwhile(w, lea.id, () => stepUp(lea, app.next()), {
    text: `update identity.sessions set ended_at = now(), ended_by = 'password' where id = $1`,
    values: [claimsOf(lea.token).sid],
  });

  expect(reply).toBeProblem(401, 'unauthenticated');
});
