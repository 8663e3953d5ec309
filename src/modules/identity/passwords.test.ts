import { beforeAll, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { PASSWORD, type Person, type Reply } from '../../../test/people.ts';
import { meanwhile } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
beforeAll(async () => {
  w = await world();
});

const NEW = 'an even better horse';
const signIn = (username: string, password: string): Promise<Reply> => w.post('/v1/auth/sign-in', { username, password });
const refresh = (refreshToken: string) => w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: refreshToken });
const isIn = async (token: string) => (await w.get('/v1/auth/me', { authorization: `Bearer ${token}` })).status === 200;

/** Asks for a code, and reads it in the mail. */
async function codeFor(person: Person): Promise<string> {
  await w.post('/v1/auth/forgot-password', { username: person.username });
  await w.step();
  return /^\d{6}/.exec(w.mail(`${person.username}@example.com`)?.text ?? '')?.[0] ?? 'none';
}

test('the reader of the mail sets a new password, and all other sessions end', async () => {
  const ann = await w.person('ann');
  const { body: elsewhere } = await signIn('ann', PASSWORD);
  const code = await codeFor(ann);

  const reply = await w.post('/v1/auth/reset-password', { email: 'ANN@example.com', code, newPassword: NEW });

  expect(reply.status).toBe(204);
  expect([await isIn(ann.token), await isIn(elsewhere.accessToken)]).toEqual([false, false]);
  expect(await refresh(elsewhere.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
  expect(await signIn('ann', PASSWORD)).toBeProblem(401, 'identity/wrong-credentials');
  expect((await signIn('ann', NEW)).status).toBe(200);
  await w.step();
  expect(w.mail('ann@example.com')?.subject).toBe('Your password was changed');
  expect(
    (await w.sql("select actor_id, outcome from kernel.audit where operation = 'postAuthResetPassword' and subject = $1", [ann.id]))[0],
  ).toEqual({
    actor_id: null,
    outcome: 'done',
  });
});

test('a code is valid once, for 15 minutes and five tries', async () => {
  const ben = await w.person('ben');
  const reset = (code: string) => w.post('/v1/auth/reset-password', { username: 'ben', code, newPassword: NEW });

  const first = await codeFor(ben);
  const replies = await Promise.all(Array.from({ length: 5 }, () => reset(first)));
  expect(replies.map(({ status }) => status).sort()).toEqual([204, 403, 403, 403, 403]);
  expect(await reset(first)).toBeProblem(403, 'identity/wrong-code');

  const second = await codeFor(ben);
  w.clock.advance(minutes(16));
  expect(await reset(second)).toBeProblem(403, 'identity/wrong-code');

  const third = await codeFor(ben);
  const wrong = third === '000000' ? '000001' : '000000';
  await Promise.all(Array.from({ length: 5 }, () => reset(wrong)));
  expect(await reset(third)).toBeProblem(403, 'identity/wrong-code');
});

test('nothing shows whether an account exists, and only confirmed addresses get mail', async () => {
  await w.post('/v1/auth/sign-up', { email: 'cleo@example.com', username: 'cleo', password: PASSWORD, fullName: 'Cleo' });
  await w.step();
  const before = w.adapters.email.items().length;
  const asked = await Promise.all(
    [{ email: 'nobody@example.com' }, { username: 'nobody' }, { email: 'cleo@example.com' }, { username: 'ann' }].map((whom) =>
      w.post('/v1/auth/forgot-password', whom),
    ),
  );
  const known = await w.post('/v1/auth/reset-password', { username: 'ann', code: '123123', newPassword: NEW });
  const unknown = await w.post('/v1/auth/reset-password', { username: 'nobody', code: '123123', newPassword: NEW });
  await w.step();

  expect(new Set(asked.map(({ status, body }) => `${status} ${JSON.stringify(body)}`)).size).toBe(1);
  expect({ ...known.body, instance: '' }).toEqual({ ...unknown.body, instance: '' });
  expect(
    w.adapters.email
      .items()
      .slice(0, w.adapters.email.items().length - before)
      .map(({ to }) => to),
  ).toEqual(['ann@example.com']);
});

test('a sign-in that has read the old password before a reset opens no session after it', async () => {
  const ivo = await w.person('ivo');
  const before = await w.sql('select id from identity.sessions where account_id = $1', [ivo.id]);

  const reply = await meanwhile(w, ivo.id, () => signIn('ivo', PASSWORD), {
    text: "update identity.accounts set password_hash = 'of the new password' where id = $1",
    values: [ivo.id],
  });

  expect(reply).toBeProblem(401, 'identity/wrong-credentials');
  expect(await w.sql('select id from identity.sessions where account_id = $1', [ivo.id])).toEqual(before);
});

test('a code for an email sets no password, and the other way round', async () => {
  await w.post('/v1/auth/sign-up', { email: 'dora@example.com', username: 'dora', password: PASSWORD, fullName: 'Dora' });
  await w.step();
  const forEmail = /^\d{6}/.exec(w.mail('dora@example.com')?.text ?? '')![0];
  expect(await w.post('/v1/auth/reset-password', { username: 'dora', code: forEmail, newPassword: NEW })).toBeProblem(
    403,
    'identity/wrong-code',
  );
  const eve = await w.person('eve');
  const forPassword = await codeFor(eve);
  expect(await w.post('/v1/auth/confirm-sign-up', { username: 'eve', code: forPassword })).toBeProblem(403, 'identity/wrong-code');
});

test('changing it takes the current one, keeps this session and ends the others', async () => {
  const fay = await w.person('fay');
  const { body: elsewhere } = await signIn('fay', PASSWORD);
  const change = (currentPassword: string, newPassword: string) => fay.post('/v1/auth/change-password', { currentPassword, newPassword });

  expect(await change('something else', NEW)).toBeProblem(403, 'identity/wrong-password');
  expect(await change(PASSWORD, 'short')).toBeProblem(422, 'invalid');
  expect((await change(PASSWORD, NEW)).status).toBe(204);

  expect([await isIn(fay.token), await isIn(elsewhere.accessToken)]).toEqual([true, false]);
  expect(await refresh(elsewhere.refreshToken)).toBeProblem(401, 'identity/invalid-refresh-token');
  expect((await signIn('fay', NEW)).status).toBe(200);
});

test('of several changes at once from one password, one is made', async () => {
  const gus = await w.person('gus');
  const passwords = Array.from({ length: 6 }, (_, n) => `password number ${n}`);
  const replies = await Promise.all(
    passwords.map((newPassword) => gus.post('/v1/auth/change-password', { currentPassword: PASSWORD, newPassword })),
  );
  expect(replies.map(({ status }) => status).sort()).toEqual([204, 403, 403, 403, 403, 403]);
  const chosen = passwords[replies.findIndex(({ status }) => status === 204)]!;
  expect((await signIn('gus', chosen)).status).toBe(200);
});

test('neither passwords nor codes are readable in the database', async () => {
  const hal = await w.person('hal');
  const code = await codeFor(hal);
  const dump = JSON.stringify(
    await Promise.all(
      ['identity.accounts', 'identity.codes', 'kernel.outbox', 'pgboss.job'].map((table) => w.sql(`select * from ${table}`)),
    ),
  );
  expect(dump).toContain(hal.id);
  for (const secret of [PASSWORD, NEW, `"${code}"`, 'hal@example.com']) expect(dump).not.toContain(secret);
});

test('a code that was mailed to the address before sets no password once the email is changed', async () => {
  const ina = await w.person('ina');
  const code = await codeFor(ina);
  expect((await ina.patch('/v1/customers/ina', { email: 'ina@example.org', currentPassword: PASSWORD })).status).toBe(200);
  expect(await w.post('/v1/auth/reset-password', { username: 'ina', code, newPassword: NEW })).toBeProblem(403, 'identity/wrong-code');
  expect((await signIn('ina', PASSWORD)).status).toBe(200);
});

test('a code that is still to be mailed when the email is changed goes nowhere: least of all to an address that is not proven', async () => {
  const slow = await world();
  const jon = await slow.person('jon');
  await slow.sql(`create function put_off() returns trigger language plpgsql as $$ begin new.not_before := 'infinity'; return new; end $$`);
  await slow.sql(
    `create trigger slow_mail before insert on kernel.outbox for each row when (new.name = 'identity.send-reset-code') execute function put_off()`,
  );
  await slow.post('/v1/auth/forgot-password', { username: 'jon' });
  await slow.step();
  const slip = { email: 'john@example.com', currentPassword: PASSWORD }; // somebody else's
  expect((await jon.patch('/v1/customers/jon', slip)).status).toBe(200);
  await slow.sql(`update kernel.outbox set not_before = null where name = 'identity.send-reset-code'`);
  await slow.step();
  expect(slow.adapters.email.items('john@example.com').map(({ subject }) => subject)).toEqual(['Your confirmation code']);
});

test('guesses at the current password are counted by the session: a stolen one is no help, and does not keep the owner out', async () => {
  const limited = await world({ env: { RATE_LIMITS: 'on' } });
  const kit = await limited.person('kit');
  const change = (currentPassword: string) => kit.post('/v1/auth/change-password', { currentPassword, newPassword: NEW });
  const guesses = await Promise.all(Array.from({ length: 12 }, (_, n) => change(`guess number ${n}`)));
  expect(guesses.filter(({ status }) => status === 403)).toHaveLength(10);
  expect(await change(PASSWORD)).toBeProblem(429, 'too-many-requests');
  limited.clock.advance(minutes(15.1));
  const again = limited.withToken(kit, (await limited.post('/v1/auth/sign-in', { username: 'kit', password: PASSWORD })).body.accessToken);
  expect((await again.post('/v1/auth/change-password', { currentPassword: PASSWORD, newPassword: NEW })).status).toBe(204);
});

test.each(['len', 'nobody'])(
  'a guess at a code of %s writes a row: a commit without a write is faster, and would show who has an account',
  async (name) => {
    const quiet = await world();
    await quiet.person('len');
    const guess = () => quiet.post('/v1/auth/reset-password', { email: `${name}@example.com`, code: '123123', newPassword: NEW });
    await quiet.post('/v1/auth/forgot-password', { email: `${name}@example.com` });
    await quiet.step();
    const rows = () => quiet.sql('select name, failures, xmin::text from identity.attempts order by began_at desc limit 1');

    await guess();
    const [first] = await rows();
    await guess();
    const [second] = await rows();
    expect(second).toMatchObject({ name: first?.name, failures: 2 });
    expect(second?.xmin).not.toBe(first?.xmin);
  },
);
