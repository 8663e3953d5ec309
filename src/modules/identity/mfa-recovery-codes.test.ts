import { beforeAll, expect, test } from 'vitest';
import { PASSWORD, type Person } from '../../../test/people.ts';
import { enrol, meanwhile } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

const PATH = '/v1/auth/mfa/totp/recovery-codes';

let w: World;
beforeAll(async () => {
  w = await world();
});

const renew = (person: Person) => person.post(PATH);
const stepUp = (person: Person, code: string) => person.post('/v1/auth/step-up', { code });
const rowsOf = (person: Person) => w.sql('select used_at from identity.recovery_codes where account_id = $1', [person.id]);

test('Ann has used some of her codes: she gets ten new ones, and those before are void', async () => {
  const { person: ann, recoveryCodes: old, app } = await enrol(w, await w.person('ann'));
  await stepUp(ann, old[0]!);

  const { status, body, headers } = await renew(ann);

  expect(status).toBe(201);
  expect(headers.get('cache-control')).toBe('no-store');
  expect(Object.keys(body)).toEqual(['recoveryCodes']);
  expect(new Set([...body.recoveryCodes, ...old]).size).toBe(20);
  for (const code of body.recoveryCodes) expect(code).toMatch(/^[a-z2-7]{5}-[a-z2-7]{5}$/);
  for (const code of old.slice(0, 3)) expect(await stepUp(ann, code)).toBeProblem(401, 'identity/wrong-mfa-code');
  expect((await w.post('/v1/auth/sign-in', { username: 'ann', password: PASSWORD, code: body.recoveryCodes[3] })).status).toBe(200);
  expect((await stepUp(ann, app.next())).status).toBe(200); // the app goes on
  await w.step();
  expect(w.adapters.email.items('ann@example.com').map(({ subject }) => subject)).toContain('Your recovery codes were replaced');
});

test('twenty calls at the same time get ten codes each, and those of exactly one call are valid', async () => {
  const { person: ben, recoveryCodes: old } = await enrol(w, await w.person('ben'));

  const replies = await Promise.all(Array.from({ length: 20 }, () => renew(ben)));

  expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(201));
  expect(await rowsOf(ben)).toEqual(Array(10).fill({ used_at: null }));
  const valid: string[] = [];
  for (const [index, codes] of [old, ...replies.map(({ body }) => body.recoveryCodes as string[])].entries()) {
    await w.sql('delete from identity.attempts');
    const outcomes = new Set<number>();
    for (const code of codes.slice(0, 2)) outcomes.add((await stepUp(ben, code)).status);
    expect(outcomes.size).toBe(1); // a set is valid as a whole, or void as a whole
    if (outcomes.has(200)) valid.push(`set ${index}`);
  }
  expect(valid).toHaveLength(1);
});

test('a code that is used while they are renewed counts once, or not at all', async () => {
  const { person: cleo, recoveryCodes: old } = await enrol(w, await w.person('cleo'));
  const [used, renewed] = await Promise.all([stepUp(cleo, old[0]!), renew(cleo)]);
  expect([200, 401]).toContain(used.status);
  expect(renewed.status).toBe(201);
  expect(await rowsOf(cleo)).toEqual(Array(10).fill({ used_at: null }));
});

test('it takes a second factor, and a token that speaks of it', async () => {
  const dora = await w.person('dora');
  expect(await renew(dora)).toBeProblem(409, 'identity/no-second-factor');
  const reply = await meanwhile(w, dora.id, () => renew(dora), {
    text: 'update identity.accounts set has_second_factor = true where id = $1',
    values: [dora.id],
  });
  expect(reply).toBeProblem(409, 'identity/no-second-factor');
});
