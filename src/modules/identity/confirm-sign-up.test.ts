import { expect, test } from 'vitest';
import { type World, world } from '../../../test/world.ts';

const password = 'correct horse battery';
const codeFor = (w: World, email: string) => /\d{6}/.exec(w.mail(email)?.text ?? '')?.[0] ?? 'no code';
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
const confirm = (w: World, body: object) => w.post('/v1/auth/confirm-sign-up', body);
const resend = async (w: World, body: object) => {
  const answer = await w.post('/v1/auth/resend-code', body);
  await w.step();
  return answer;
};

async function signedUp(email = 'jane@example.com', username = 'janedoe') {
  const w = await world();
  await w.post('/v1/auth/sign-up', { email, username, password, fullName: 'Jane Doe' });
  await w.step();
  return { w, email, username, code: codeFor(w, email) };
}

test.each(['email', 'username'] as const)('a code confirms by %s, in any letter case', async (by) => {
  const { w, code, ...names } = await signedUp();
  expect((await confirm(w, { [by]: names[by].toUpperCase(), code })).status).toBe(200);
  expect((await w.post('/v1/auth/sign-in', { email: names.email, password })).status).toBe(200);
});

test('the same code again answers the same again', async () => {
  const { w, code, email } = await signedUp();
  const first = await confirm(w, { email, code });
  expect((await confirm(w, { email, code })).body).toEqual(first.body);
});

test('after five wrong tries the right code is refused too; a new one helps', async () => {
  const { w, code, email } = await signedUp();
  for (let n = 1; n <= 5; n++) expect(await confirm(w, { email, code: wrong(code) })).toBeProblem(403, 'identity/wrong-code');
  expect(await confirm(w, { email, code })).toBeProblem(403, 'identity/wrong-code');
  expect((await resend(w, { email })).status).toBe(202);
  expect((await confirm(w, { email, code: codeFor(w, email) })).status).toBe(200);
});

test('the fifth try may still be the right one', async () => {
  const { w, code, email } = await signedUp();
  for (let n = 1; n <= 4; n++) await confirm(w, { email, code: wrong(code) });
  expect((await confirm(w, { email, code })).status).toBe(200);
});

test('guesses at once get no more tries than guesses in turn', async () => {
  const { w, code, email } = await signedUp();
  await Promise.all(Array.from({ length: 30 }, () => confirm(w, { email, code: wrong(code) })));
  expect(await confirm(w, { email, code })).toBeProblem(403, 'identity/wrong-code');
});

test('a code is valid for 15 minutes', async () => {
  const { w, code, email } = await signedUp();
  w.clock.advance(15 * 60_000);
  expect(await confirm(w, { email, code })).toBeProblem(403, 'identity/wrong-code');
});

test('at most five codes are mailed in a day', async () => {
  const { w, email } = await signedUp();
  for (let n = 1; n <= 7; n++) await resend(w, { username: 'janedoe' });
  expect(w.adapters.email.items(email)).toHaveLength(5);
  w.clock.advance(25 * 3_600_000);
  await resend(w, { email });
  expect(w.adapters.email.items(email)).toHaveLength(6);
  expect((await confirm(w, { email, code: codeFor(w, email) })).status).toBe(200);
});

test('asking for a code never says whether anybody waits for one', async () => {
  const { w, email } = await signedUp();
  const waiting = await w.post('/v1/auth/resend-code', { email });
  const unknown = await w.post('/v1/auth/resend-code', { email: 'nobody@example.com' });
  const unnamed = await w.post('/v1/auth/resend-code', { username: 'nobody' });
  expect(unknown).toMatchObject({ status: waiting.status, body: waiting.body });
  expect(unnamed).toMatchObject({ status: waiting.status, body: waiting.body });
  await w.step();
  expect(w.adapters.email.items('nobody@example.com')).toEqual([]);
});

test('a code that nobody was mailed is answered like a wrong one', async () => {
  const w = await world();
  expect(await confirm(w, { email: 'nobody@example.com', code: '123456' })).toBeProblem(403, 'identity/wrong-code');
  expect(await confirm(w, { username: 'nobody', code: '123456' })).toBeProblem(403, 'identity/wrong-code');
});

test.each([
  { code: '123456' },
  { email: 'a@example.com', username: 'a', code: '123456' },
  { email: 'a@example.com', code: '12345' },
  { email: 'a@example.com', code: 123456 },
])('%j is malformed', async (body) => {
  const w = await world();
  expect(await confirm(w, body)).toBeProblem(422, 'invalid');
});

test('of two who claim one address and confirm at the same time, one becomes its owner', async () => {
  const { w, email, code } = await signedUp();
  await w.post('/v1/auth/sign-up', { email, username: 'second', password, fullName: 'Jane Doe' });
  await w.step();
  const answers = await Promise.all([
    confirm(w, { username: 'janedoe', code }),
    confirm(w, { username: 'second', code: codeFor(w, email) }),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 403]);
  expect(await w.sql('select 1 from identity.accounts where email_confirmed_at is not null')).toHaveLength(1);
});

test('of all who confirm one address at once one owns it, and nobody waits for a deadlock to be found', async () => {
  const { w, email } = await signedUp();
  const about = { fullName: 'Jane Doe', age: 30, address: 'Tunis', gender: 'other', maritalStatus: 'single', email, password };
  for (const username of ['jane_2', 'jane_3', 'jane_4']) await w.post('/v1/auth/sign-up', { email, username, password, fullName: 'Jane' });
  for (const username of ['jane_5', 'jane_6']) await w.post('/v1/customers', { ...about, username });
  await w.step();
  const codes = w.adapters.email
    .items(email)
    .map(({ text }) => ({ username: /account (\w+)/.exec(text)?.[1], code: /^\d{6}/.exec(text)?.[0] }));
  expect(codes).toHaveLength(6);

  const statements = await w.statements(() => Promise.all(codes.map((body) => confirm(w, body))));

  const owners = await w.sql('select username from identity.accounts where email_confirmed_at is not null');
  expect(owners).toHaveLength(1);
  const tries = statements.filter((text) => text.includes('set email_confirmed_at = '));
  expect(tries.length).toBeLessThanOrEqual(codes.length); // after a deadlock one begins anew
});
