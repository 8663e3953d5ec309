import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { type World, world } from '../../../test/world.ts';

const secret = {
  email: 'very.secret@example.com',
  fullName: 'Zenobia Hidden',
  password: 'a password to hide',
  address: 'Seventeen Concealed Street',
  birthDate: '1987-06-05',
};

/** Every row of these schemas, as text. */
async function dump(w: World, ...schemas: string[]): Promise<string> {
  const tables = await w.sql<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables where table_schema = any($1) and table_type = 'BASE TABLE'`,
    [schemas],
  );
  const rows = await Promise.all(tables.map(({ name }) => w.sql<{ row: string }>(`select t::text as row from ${name} t`)));
  return rows
    .flat()
    .map(({ row }) => row)
    .join('\n');
}

test('whoever reads the whole database or the logs finds no email, name, address, password, code or token', async () => {
  const logged: string[] = [];
  const keep = new Writable({
    write(chunk, _, done) {
      logged.push(String(chunk));
      done();
    },
  });
  const log = pino({ level: 'debug' }, keep);
  const w = await world({ log });
  const found: string[] = [];
  const look = async () => found.push(await dump(w, 'identity', 'kernel', 'pgboss'));

  await w.post(
    '/v1/auth/sign-up',
    { email: secret.email, fullName: secret.fullName, password: secret.password, username: 'zed' },
    { 'idempotency-key': 'k1' },
  );
  await look(); // the job that mails the code is in the outbox now
  await w.step();
  await look();
  const code = /\d{6}/.exec(w.mail(secret.email)?.text ?? '')?.[0] ?? 'no code';
  await w.post('/v1/auth/resend-code', { email: secret.email });
  await look();
  await w.step();
  const second = /\d{6}/.exec(w.mail(secret.email)?.text ?? '')?.[0] ?? 'no code';
  await w.post('/v1/auth/confirm-sign-up', { email: secret.email, code: second });
  const { email: _, ...person } = secret;
  await w.post('/v1/customers', {
    ...person,
    username: 'zed2',
    gender: 'undisclosed',
    maritalStatus: 'partnership',
    email: `other.${secret.email}`,
  });
  await w.step();
  await w.post('/v1/auth/sign-in', { email: secret.email, password: 'a wrong password' });
  const tokens = (await w.post('/v1/auth/sign-in', { email: secret.email, password: secret.password })).body;
  const refreshed = (await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: tokens.refreshToken })).body;
  await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: tokens.refreshToken });
  await look();

  const text = [...found, ...logged].join('\n');
  expect(text).toContain('identity.send-code'); // the outbox was looked at
  expect(text).toContain('postAuthSignIn'); // and the logs
  expect(refreshed.refreshToken).toBeTypeOf('string');
  const hidden = [
    ...Object.values(secret),
    'partnership',
    'a wrong password',
    tokens.accessToken,
    tokens.idToken,
    tokens.refreshToken,
    refreshed.refreshToken,
  ];
  for (const word of hidden) expect(text.toLowerCase().includes(word.toLowerCase()), word).toBe(false);
  for (const digits of [code, second]) expect(text).not.toMatch(new RegExp(`(?<![0-9A-Za-z._-])${digits}(?![0-9A-Za-z._-])`));
  expect(text).not.toContain('"d":'); // a private key as JWK
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

test('passwords are kept as Argon2id, each with a salt of its own', async () => {
  const w = await world();
  await Promise.all([w.person('bob'), w.person('sue')]);
  const rows = await w.sql<{ password_hash: string }>('select password_hash from identity.accounts');
  for (const { password_hash } of rows) expect(password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(new Set(rows.map(({ password_hash }) => password_hash)).size).toBe(2);
});
