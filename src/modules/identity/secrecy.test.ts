import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { systemScope } from '#kernel/runtime.ts';
import { usd } from '../../../test/people.ts';
import { enrol, TOTP_PATH } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

const secret = {
  email: 'very.secret@example.com',
  nextEmail: 'much.more.secret@example.com',
  fullName: 'Zenobia Hidden',
  password: 'a password to hide',
  nextPassword: 'another password to hide',
  lastPassword: 'the last password to hide',
  wrongPassword: 'a wrong password',
  address: 'Seventeen Concealed Street',
  birthDate: '1987-06-05',
  phone: '+21655443322',
  maritalStatus: 'partnership',
  card: '4242424242424242',
};

/** A log, down to debug, and what was written to it. */
function keptLog() {
  const lines: string[] = [];
  const keep = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  return { lines, log: pino({ level: 'debug' }, keep) };
}

/** The newest code that was mailed there. */
const codeIn = (w: World, to: string): string => w.adapters.email.items(to).flatMap(({ text }) => /\d{6}/.exec(text) ?? [])[0] ?? 'no code';

/** A key as it might have been written down. */
const spellings = (key: Buffer): string[] => (['hex', 'base64', 'base64url'] as const).map((encoding) => key.toString(encoding));

/** Six digits that are no part of an id, a time or a sealed text. */
const standsIn = (text: string, digits: string) => new RegExp(`(?<![0-9A-Za-z._-])${digits}(?![0-9A-Za-z._-])`).test(text);

test('a reader of the whole database and the logs finds nothing personal, no password, code, token or key', async () => {
  const { lines, log } = keptLog();
  const w = await world({ log });
  const found: string[] = [];
  const look = async () => found.push(await w.dump());
  const tokens: Record<string, string> = {};
  const digits: Record<string, string> = {};
  const keepTokens = (of: string, body: Record<string, string>) => {
    for (const name of ['accessToken', 'idToken', 'refreshToken']) if (body[name]) tokens[`${name} of ${of}`] = body[name];
  };

  const signUp = { email: secret.email, fullName: secret.fullName, password: secret.password, username: 'zed' };
  await w.post('/v1/auth/sign-up', signUp, { 'idempotency-key': 'k1' });
  await look(); // the job that mails the code is in the outbox now
  await w.step();
  await look(); // and now it has been with pg-boss
  digits['the first code'] = codeIn(w, secret.email);
  await w.post('/v1/auth/resend-code', { email: secret.email });
  await look();
  await w.step();
  digits['the second code'] = codeIn(w, secret.email);
  await w.post('/v1/auth/confirm-sign-up', { email: secret.email, code: digits['the second code'] });
  await w.post('/v1/auth/sign-in', { email: secret.email, password: secret.wrongPassword });
  const signedIn = (await w.post('/v1/auth/sign-in', { email: secret.email, password: secret.password })).body;
  keepTokens('the sign-in', signedIn);
  const refreshed = (await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: signedIn.refreshToken })).body;
  keepTokens('the refresh', refreshed);
  await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: signedIn.refreshToken }); // stolen: the family ends
  const again = (await w.post('/v1/auth/sign-in', { email: secret.email, password: secret.password })).body;
  keepTokens('the next sign-in', again);
  const { body: me } = await w.get('/v1/auth/me', { authorization: `Bearer ${again.accessToken}` });
  const zed = w.withToken({ id: me.id, username: 'zed' }, again.accessToken);

  const { address, birthDate, phone, maritalStatus } = secret;
  await zed.patch('/v1/customers/zed', { address, birthDate, phone, maritalStatus });
  await zed.post('/v1/customers/zed/wallet/charge', { ...usd(1_00), gateway: 'simulated', source: secret.card });
  await zed.post('/v1/auth/change-password', { currentPassword: secret.password, newPassword: secret.nextPassword });
  await look(); // an email is owed
  await w.post('/v1/auth/forgot-password', { username: 'zed' });
  await w.step();
  digits['the code for a new password'] = codeIn(w, secret.email);
  await look();

  await zed.patch('/v1/customers/zed', { email: secret.nextEmail, currentPassword: secret.wrongPassword });
  const { person, app, secret: totpSecret, recoveryCodes } = await enrol(w, zed, secret.nextPassword);
  keepTokens('the enrolment', { accessToken: person.token });
  digits['the one-time code that enrolled'] = app.code();
  digits['a one-time code'] = app.next();
  keepTokens('the step-up', (await person.post('/v1/auth/step-up', { code: digits['a one-time code'] })).body);
  keepTokens('the recovery', (await person.post('/v1/auth/step-up', { code: recoveryCodes[0] })).body);
  await person.post('/v1/auth/step-up', { code: 'aaaaa-aaaaa' });
  await look();
  const renewed: string[] = (await person.post(`${TOTP_PATH}/recovery-codes`)).body.recoveryCodes;
  digits['a one-time code at sign-in'] = app.next();
  const withCode = { username: 'zed', password: secret.nextPassword, code: digits['a one-time code at sign-in'] };
  keepTokens('the sign-in with a code', (await w.post('/v1/auth/sign-in', withCode)).body);
  await person.patch('/v1/customers/zed', { email: secret.nextEmail });
  await look(); // the owner is to be told at the old address, and the new one gets a code
  await w.step();
  digits['the code for another email'] = codeIn(w, secret.nextEmail);
  await look();
  await w.post('/v1/auth/confirm-sign-up', { username: 'zed', code: digits['the code for another email'] });
  await w.post('/v1/auth/forgot-password', { email: secret.nextEmail });
  await w.step();
  digits['the next code for a new password'] = codeIn(w, secret.nextEmail);
  await w.post('/v1/auth/reset-password', {
    username: 'zed',
    code: digits['the next code for a new password'],
    newPassword: secret.lastPassword,
  });
  await w.step();
  await look();

  const text = [...found, ...lines].join('\n');
  const lower = text.toLowerCase();
  for (const place of ['kernel.outbox', 'kernel.audit', 'pgboss.job', 'identity.owed_letters', 'identity.send-code', 'identity.tell-owner'])
    expect(text, 'all of it was looked at').toContain(place);
  expect(lines.join('')).toContain('postAuthMfaTotpConfirm');
  expect([Object.keys(tokens).length, Object.keys(digits).length]).toEqual([15, 8]);
  for (const [what, code] of Object.entries(digits)) expect(code, what).toMatch(/^\d{6}$/);

  const { secrets } = w.souk.runtime.context('identity', systemScope);
  const keys = {
    'the master key': spellings(Buffer.alloc(32, 7)),
    'the pepper': spellings(secrets.derive('identity.password')),
    'the secret of the app': [totpSecret],
    'a recovery code': [...recoveryCodes, ...renewed].flatMap((code) => [code, code.replace('-', '')]),
    'the chance in a refresh token': Object.values(tokens).flatMap((token) => (token.startsWith('ey') ? [] : [token.split('.')[2]!])),
  };
  const longCodes = w.adapters.email.items().flatMap(({ text }) => /(?:[a-z]{5}-){5}[a-z]{5}/.exec(text) ?? []);
  expect(longCodes.length).toBeGreaterThan(3);
  const hidden = { ...secret, ...tokens, ...keys, 'a long code': longCodes.flatMap((code) => [code, code.replaceAll('-', '')]) };
  for (const [what, words] of Object.entries(hidden))
    for (const word of [words].flat()) expect(lower.includes(word.toLowerCase()), `${what}: ${word}`).toBe(false);
  for (const [what, code] of Object.entries(digits)) expect(standsIn(text, code), `${what}: ${code}`).toBe(false);
  expect(text).not.toContain('"d":'); // a private key as JWK
  expect(text).not.toContain('PRIVATE KEY');
});

test('it would be noticed', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await w.sql(
    `insert into kernel.outbox (id, kind, name, payload, created_at) values (gen_random_uuid(), 'job', 'x', '{"code": "402518", "to": "Bob@Example.com"}', now())`,
  );
  const text = await w.dump();
  expect([standsIn(text, '402518'), text.toLowerCase().includes('bob@example.com'), text.includes(bob.id)]).toEqual([true, true, true]);
});

test('sealed data that is moved to another account cannot be read there', async () => {
  const w = await world();
  const [bob, eve] = [await w.person('bob'), await w.person('eve')];
  await w.sql('update identity.accounts set email_sealed = (select email_sealed from identity.accounts where id = $1) where id = $2', [
    bob.id,
    eve.id,
  ]);
  expect((await eve.get('/v1/auth/me')).status).toBe(500);
});

test('passwords are stored as Argon2id with 19 MiB, each with a salt of its own', async () => {
  const w = await world({ env: { PASSWORD_MEMORY_KIB: '' } });
  await Promise.all([w.person('bob'), w.person('sue')]);
  const rows = await w.sql<{ password_hash: string }>('select password_hash from identity.accounts');
  for (const { password_hash } of rows) expect(password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(new Set(rows.map(({ password_hash }) => password_hash)).size).toBe(2);
});
