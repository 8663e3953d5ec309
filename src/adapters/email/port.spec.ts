import { describe, expect, test } from 'vitest';
import { mailServer } from '../../../test/mail-server.ts';
import { capturedEmail } from './captured.ts';
import type { Email } from './port.ts';
import { smtpEmail } from './smtp.ts';

/** Each adapter, and a way to see what has arrived at an address, newest first. */
const adapters: {
  name: string;
  open: () => Promise<{ email: Email; inbox: (to: string) => Promise<{ subject: string; text: string; html: string | null }[]> }>;
}[] = [
  {
    name: 'captured',
    open: async () => {
      const email = capturedEmail();
      return { email, inbox: async (to) => email.items(to) };
    },
  },
  {
    name: 'smtp',
    open: async () => {
      const server = await mailServer();
      return { email: smtpEmail({ url: server.url, from: 'Souk <souk@example.com>', allowsPlain: true }), inbox: server.inbox };
    },
  },
];

describe.each(adapters)('email by $name', ({ open }) => {
  test('what is sent arrives whole, at its address only', async () => {
    const { email, inbox } = await open();
    await email.send({ key: 'a', to: 'bob@example.com', subject: 'Grüße — سلام', text: 'One\nTwo', html: '<p>One</p>' });
    expect(await inbox('bob@example.com')).toMatchObject([{ subject: 'Grüße — سلام', text: 'One\nTwo', html: '<p>One</p>' }]);
    expect(await inbox('sue@example.com')).toEqual([]);
  });

  test('the same key arrives once, also when it is sent twice at once', async () => {
    const { email, inbox } = await open();
    const message = { key: 'code:1', to: 'bob@example.com', subject: 'Code', text: '123456' };
    await Promise.all([email.send(message), email.send(message)]);
    await email.send(message);
    expect(await inbox('bob@example.com')).toHaveLength(1);
  });

  test('other keys are other messages, newest first', async () => {
    const { email, inbox } = await open();
    for (const key of ['1', '2', '3']) await email.send({ key, to: 'bob@example.com', subject: key, text: key });
    expect((await inbox('bob@example.com')).map(({ subject }) => subject)).toEqual(['3', '2', '1']);
  });

  test('an address that says more than an address reaches nobody else', async () => {
    const { email, inbox } = await open();
    const to = 'bob@example.com, sue@example.com';
    await email.send({ key: 'a', to, subject: 'For Bob\r\nBcc: sue@example.com', text: 'x' }).catch(() => {});
    expect(await inbox('sue@example.com')).toEqual([]);
  });
});

test('captured mail keeps the 1,000 newest messages', async () => {
  const email = capturedEmail();
  for (let n = 1; n <= 1005; n++) await email.send({ key: String(n), to: `${n}@example.com`, subject: String(n), text: '' });
  expect(email.items()).toHaveLength(1000);
  expect(email.items()[0]?.subject).toBe('1005');
  expect(email.items('5@example.com')).toEqual([]);
});
