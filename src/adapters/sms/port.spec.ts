import { expect, test } from 'vitest';
import { outboxOf } from '../captured.ts';
import { capturedEmail } from '../email/captured.ts';
import { capturedSms } from './captured.ts';

test('captured short messages arrive once under one key, newest first, and only the newest 1,000 are stored', async () => {
  const sms = capturedSms();
  for (const key of ['1', '2', '2']) expect(await sms.send({ key, to: '+21671000000', text: key })).toBe('sent');
  expect(sms.items('+21671000000').map(({ text }) => text)).toEqual(['2', '1']);
  for (let n = 0; n < 1005; n++) await sms.send({ key: `k${n}`, to: '+21671000001', text: '' });
  expect(sms.items()).toHaveLength(1000);
});

test('the outbox shows all channels in one list, newest first', async () => {
  const [email, sms] = [capturedEmail(), capturedSms()];
  await email.send({ key: '1', to: 'bob@example.com', subject: 'One', text: '1', headers: { 'List-Unsubscribe': '<x>' } });
  await sms.send({ key: '2', to: '+21671000000', text: '2' });
  await email.send({ key: '3', to: 'bob@example.com', subject: 'Three', text: '3' });
  expect(outboxOf([email, sms]).map(({ channel, text }) => `${channel} ${text}`)).toEqual(['email 3', 'sms 2', 'email 1']);
  expect(Object.keys(outboxOf([email, sms], 'BOB@example.com')[1]!)).toEqual(['id', 'channel', 'to', 'subject', 'text', 'html', 'sentAt']);
});
