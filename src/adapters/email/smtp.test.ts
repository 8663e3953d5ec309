import { expect, test } from 'vitest';
import { mailServer } from '../../../test/mail-server.ts';
import { smtpEmail } from './smtp.ts';

const MESSAGE = { key: 'code:1', to: 'bob@example.com', subject: 'Code', text: '123456' };
const FROM = 'Souk <souk@example.com>';

test('a message that another process sends again has the same Message-ID', async () => {
  const { url, inbox } = await mailServer();
  for (let process = 0; process < 2; process++) await smtpEmail({ url, from: FROM, allowsPlain: true }).send(MESSAGE);
  const [again, first] = await inbox('bob@example.com');
  expect(first).toMatchObject({ from: 'souk@example.com', messageId: expect.stringMatching(/^<[0-9a-f]{40}@example\.com>$/) });
  expect(again?.messageId).toBe(first?.messageId);
});

test('a message that was refused is sent again', async () => {
  const { url, inbox } = await mailServer({ refuses: 1 });
  const email = smtpEmail({ url, from: FROM, allowsPlain: true });
  await expect(email.send(MESSAGE)).rejects.toThrow(/Try again later/);
  await email.send(MESSAGE);
  expect(await inbox('bob@example.com')).toHaveLength(1);
});

test('a recipient whom the server does not know is refused for good; a policy of the server may change', async () => {
  const { url, inbox } = await mailServer({ knowsNot: 'bob@example.com' });
  const email = smtpEmail({ url, from: FROM, allowsPlain: true });
  expect(await email.send(MESSAGE)).toBe('refused');
  await expect(email.send({ ...MESSAGE, key: '2', to: 'policy@example.com' })).rejects.toThrow(/Relaying denied/);
  const headers = { 'List-Unsubscribe': '<https://souk.test/stop?a=b>', 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' };
  expect(await email.send({ ...MESSAGE, key: '3', to: 'sue@example.com', headers })).toBe('sent');
  expect((await inbox('sue@example.com'))[0]?.headers).toMatchObject({
    'list-unsubscribe': headers['List-Unsubscribe'],
    'list-unsubscribe-post': headers['List-Unsubscribe-Post'],
  });
});

test('a wrong password is reported', async () => {
  const { url } = await mailServer();
  const email = smtpEmail({ url: url.replace('souk:', 'someone:'), from: FROM, allowsPlain: true });
  await expect(email.send(MESSAGE)).rejects.toThrow(/Invalid username or password/);
});

test('no password and no mail leaves without TLS, or under a certificate that nobody vouches for', async () => {
  for (const tls of [false, true]) {
    const { url, inbox } = await mailServer({ tls });
    await expect(smtpEmail({ url, from: FROM, allowsPlain: false }).send(MESSAGE)).rejects.toThrow(/STARTTLS|certificate/i);
    expect(await inbox('bob@example.com')).toEqual([]);
  }
});
