import { describe, expect, test } from 'vitest';
import webPush from 'web-push';
import { guardedHttp } from '#adapters/outgoing-http/guarded.ts';
import { pushService } from '../../../test/push-service.ts';
import { capturedPush } from './captured.ts';
import type { Push, PushSubscription } from './port.ts';
import { webPushSender } from './web-push.ts';

const http = guardedHttp({ allowsOwnMachine: true });
const vapid = { ...webPush.generateVAPIDKeys(), subject: 'mailto:ops@example.com' };

const adapters: {
  name: string;
  open: () => Promise<{ push: Push; subscription: PushSubscription; arrived: () => { title: string; body: string }[] }>;
}[] = [
  {
    name: 'captured',
    open: async () => {
      const push = capturedPush(http);
      const { subscription } = (await pushService()).browser('bob');
      return { push, subscription, arrived: () => push.items().map(({ subject, text }) => ({ title: subject, body: text })) };
    },
  },
  {
    name: 'web-push',
    open: async () => {
      const { subscription, arrived } = (await pushService()).browser('bob');
      return { push: webPushSender(vapid, http), subscription, arrived: () => arrived.map(({ payload }) => payload as never) };
    },
  },
];

const payload = { id: '1', kind: 'order-shipped', title: 'طلبك في الطريق', body: 'One <b> & two' };

describe.each(adapters)('push by $name', ({ open }) => {
  test('what is sent arrives whole', async () => {
    const { push, subscription, arrived } = await open();
    expect(await push.send({ key: 'a', subscription, payload, urgent: false })).toBe('sent');
    expect(arrived()).toMatchObject([{ title: payload.title, body: payload.body }]);
  });

  test.each(['http://10.0.0.1/x', 'https://169.254.169.254/latest', 'ftp://example.com', 'https://a:b@example.com/'])(
    'the address %s is refused',
    async (endpoint) => {
      const { push } = await open();
      expect(await push.refusalOf(endpoint)).toBeTypeOf('string');
    },
  );
});

test('the push service reads who sent it, how urgent it is, and which message it replaces', async () => {
  const service = await pushService();
  const { subscription, arrived } = service.browser('bob');
  const push = webPushSender(vapid, http);
  for (const urgent of [true, false]) await push.send({ key: 'n:1', subscription, payload, urgent });
  expect(arrived.map(({ signedFor, headers }) => [signedFor, headers.urgency, headers.ttl])).toEqual([
    [service.origin, 'high', '86400'],
    [service.origin, 'normal', '86400'],
  ]);
  expect(new Set(arrived.map(({ headers }) => headers.topic)).size).toBe(1);
  const device = '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01';
  for (const key of ['first', 'second']) await push.send({ key: `${key}:${device}`, subscription, payload, urgent: false });
  expect(new Set(arrived.map(({ headers }) => headers.topic)).size).toBe(3);
});

test('a subscription that has ended is gone; a service that is down is tried again; a private address is never reached', async () => {
  const service = await pushService();
  const { subscription } = service.browser('bob');
  const push = webPushSender(vapid, http);
  const send = (to = subscription) => push.send({ key: 'a', subscription: to, payload, urgent: false });
  service.answers = 503;
  await expect(send()).rejects.toThrow(/503/);
  service.answers = 403; // our own keys or clock may be wrong: that takes nobody's device
  await expect(send()).rejects.toThrow(/403/);
  service.answers = 410;
  expect(await send()).toBe('gone');
  expect(await send({ ...subscription, endpoint: 'https://10.0.0.1/x' })).toBe('gone');
  expect(service.calls).toBe(3);
});
