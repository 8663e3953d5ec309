import { expect, test } from 'vitest';
import { mailServer } from './mail-server.ts';
import { PASSWORD } from './people.ts';
import { world } from './world.ts';

test('a code comes by a real mail server, also when it refuses at first', async () => {
  const server = await mailServer({ refuses: 1 });
  const w = await world({ env: { SMTP_URL: server.url, MAIL_FROM: 'Souk <souk@example.com>' } });
  const email = 'leila@example.com';
  await w.post('/v1/auth/sign-up', { email, password: PASSWORD, fullName: 'Leila' });
  await w.step();
  w.clock.advance(60_000);
  await w.step();

  const [letter] = await server.inbox(email);
  const code = /\d{6}/.exec(letter?.text ?? '')?.[0];
  expect((await w.post('/v1/auth/confirm-sign-up', { email, code })).status).toBe(200);
  expect(await server.inbox(email)).toHaveLength(1);
  expect(w.mail(email)).toBeUndefined();
});
