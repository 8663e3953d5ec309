import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import webPush from 'web-push';
import { guardedHttp } from '#adapters/outgoing-http/guarded.ts';
import { webPushSender } from '#adapters/push/web-push.ts';
import { systemScope } from '#kernel/runtime.ts';
import { ROOT } from '../../../test/conventions.ts';
import { mailServer } from '../../../test/mail-server.ts';
import { noticesOf } from '../../../test/notices.ts';
import { type Person, usd } from '../../../test/people.ts';
import { pushService } from '../../../test/push-service.ts';
import { type World, world } from '../../../test/world.ts';
import { kindNames, specOf } from './kinds.ts';
import { unsubscribeUrl } from './unsubscribe.ts';

let w: World;
let sue: Person;
let notices: ReturnType<typeof noticesOf>;
beforeAll(async () => {
  w = await world({ env: { SHOP_NAME: 'Tunis Bazaar' } });
  notices = noticesOf(w);
  sue = await w.seller('sue');
});

describe('settings', () => {
  test('what GET shows can be sent back, and changes nothing', async () => {
    const eva = await w.person('eva');
    const { body } = await eva.get('/v1/notifications/settings');
    expect(body).toMatchObject({ language: null, timeZone: null, quietHours: null, stopped: [] });
    expect(body.kinds.find(({ kind }: { kind: string }) => kind === 'sold')).toEqual({
      kind: 'sold',
      channels: { 'in-app': true, email: true, sms: false, push: true },
      urgent: false,
      canBeTurnedOff: true,
    });
    expect((await eva.put('/v1/notifications/settings', body)).body).toEqual(body);
    const allDay = await eva.put('/v1/notifications/settings', { quietHours: { from: '08:00', until: '08:00' } });
    expect(allDay.body.errors).toMatchObject([{ pointer: '/quietHours/until', detail: expect.stringMatching(/^must differ from `from`/) }]);
  });

  test('a kind is turned off by channel; language and time zone are those of the account', async () => {
    const fay = await w.seller('fay');
    const vase = await fay.lists({ name: 'Vase', price: usd(1_00), stock: 100 });
    await w.step();
    const kinds = [{ kind: 'sold', channels: { email: false, 'in-app': false, sms: true } }];
    const chosen = await fay.put('/v1/notifications/settings', { kinds, language: 'fr', timeZone: 'Africa/Tunis' });
    expect(chosen.body).toMatchObject({ language: 'fr', timeZone: 'Africa/Tunis' });
    await fay.patch('/v1/customers/fay', { phone: '+21671000001' });
    const gus = await w.buyer('gus', { balance: usd(10_00) });
    await gus.post('/v1/orders', { items: [{ productId: vase, quantity: 1 }] });
    const before = notices.subjects(fay).length;
    await w.step();
    expect(notices.subjects(fay)).toHaveLength(before);
    expect((await notices.listOf(fay)).items.map(({ kind }: { kind: string }) => kind)).not.toContain('sold');
    expect(w.adapters.sms.items('+21671000001')).toMatchObject([{ text: expect.stringMatching(/^Tunis Bazaar: La commande /) }]);
  });

  test('what cannot be turned off is refused', async () => {
    const kinds = [{ kind: 'payout-failed', channels: { email: false } }];
    expect(await sue.put('/v1/notifications/settings', { kinds })).toBeProblem(409, 'notifications/always-on');
    expect(await sue.put('/v1/notifications/settings', { quietHours: { from: '25:00', until: '07:00' } })).toBeProblem(422, 'invalid');
    expect(await sue.put('/v1/notifications/settings', { timeZone: 'Europe/Nowhere' })).toBeProblem(422, 'invalid');
    for (const misspelt of [
      { quiethours: null },
      { quietHours: { from: '22:00', until: '07:00', zone: 'UTC' } },
      { kinds: [{ kind: 'sold', channels: { fax: true } }] },
    ])
      expect(await sue.put('/v1/notifications/settings', misspelt)).toBeProblem(422, 'invalid');
  });
});

describe('unsubscribing', () => {
  test('the link of an email shows a button to a person, and turns the kind off without a sign-in', async () => {
    const seller = await w.seller('jim');
    const mug = await seller.lists({ name: 'Mug', price: usd(1_00), stock: 100 });
    const kim = await w.buyer('kim', { balance: usd(50_00) });
    const sell = async () => {
      await kim.post('/v1/orders', { items: [{ productId: mug, quantity: 1 }] });
      await w.step();
      return notices.mails(seller).filter(({ subject }) => subject === 'You have sold something').length;
    };
    expect(await sell()).toBe(1);
    const mail = notices.mails(seller).find(({ subject }) => subject === 'You have sold something');
    expect(mail?.headers['List-Unsubscribe-Post']).toBe('List-Unsubscribe=One-Click');
    const link = /^<(.*)>$/.exec(mail?.headers['List-Unsubscribe'] ?? '')?.[1] ?? '';
    expect(mail?.text).toContain(link);
    const { pathname, search } = new URL(link);

    const page = await w.get(pathname + search, { 'accept-language': 'ar' });
    expect(page.body).toMatch(/<html lang="ar" dir="rtl">[\s\S]*<form method="post">[\s\S]*إلغاء الاشتراك/);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(await sell()).toBe(2);

    const form = { method: 'POST', body: 'List-Unsubscribe=One-Click', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    for (const time of [1, 2]) expect((await w.fetch(pathname + search, form)).status, `time ${time}`).toBe(200);
    const inParts = new FormData();
    inParts.set('List-Unsubscribe', 'One-Click');
    expect((await w.fetch(pathname + search, { method: 'POST', body: inParts })).status).toBe(200);
    for (const [wrong, status] of [
      [{ body: 'x', headers: { 'content-type': 'multipart/form-data; boundary=y' } }, 400],
      [{ body: 'x', headers: { 'content-type': 'multipart/form-data' } }, 400],
      [{ body: 'x', headers: { 'content-type': 'text/plain' } }, 415],
    ] as const)
      expect((await w.fetch(pathname + search, { method: 'POST', ...wrong })).status).toBe(status);
    inParts.append('List-Unsubscribe', 'One-Click');
    expect(await w.fetch(pathname + search, { method: 'POST', body: inParts })).toBeProblem(422, 'invalid');
    expect(await sell()).toBe(2);
    const { kinds } = (await seller.get('/v1/notifications/settings')).body;
    expect(kinds.find(({ kind }: { kind: string }) => kind === 'sold').channels).toEqual({
      'in-app': true,
      email: false,
      sms: false,
      push: true,
    });

    const forged = search.replace('.sold.', '.stock-low.');
    expect(await w.fetch(pathname + forged, form)).toBeProblem(404, 'not-found');
    expect((await w.get(pathname + forged)).body).toContain('This address is not complete');
    expect((await w.get(`${pathname}?token=x`)).body).not.toContain('<form');
  });

  test('what cannot be turned off has no such link', async () => {
    const lea = await w.person('lea');
    await notices.tells(lea);
    await w.step();
    expect(notices.mails(lea)[0]?.headers).toEqual({});
    expect(notices.mails(lea)[0]?.text).not.toContain('unsubscribe');
  });
});

describe('accounts', () => {
  test('that are suspended are told nothing, and nothing later of that time', async () => {
    const max = await w.person('max');
    const admin = await w.person('root', ['admin']);
    await admin.post(`/v1/users/${max.id}/suspension`, { suspended: true, reason: 'Fraud' });
    await w.step();
    await notices.tells(max);
    await w.step();
    await admin.post(`/v1/users/${max.id}/suspension`, { suspended: false, reason: 'Cleared' });
    await w.step();
    expect((await notices.listOf(await w.person('max'))).items).toEqual([]);
    await notices.tells(max);
    await w.step();
    expect(notices.mails(max)).toHaveLength(1);
  });

  test('that are deleted leave nothing, and events that come late store nothing', async () => {
    const ned = await w.person('ned');
    await notices.tells(ned);
    await ned.put('/v1/notifications/settings', { quietHours: { from: '22:00', until: '07:00' } });
    await w.step();
    const { body } = await ned.get('/v1/customers/ned/export');
    expect(body).toMatchObject({
      notifications: [{ kind: 'webhook-paused' }],
      notificationSettings: { quietHours: { from: '22:00' } },
      devices: [],
    });
    expect((await ned.delete('/v1/customers/ned')).status).toBe(204);
    await notices.tells(ned);
    await w.step();
    const { pathname, search } = new URL(
      unsubscribeUrl(w.souk.runtime.context('notifications', systemScope) as never, { accountId: ned.id, kind: 'sold' }),
    );
    expect((await w.fetch(pathname + search, { method: 'POST' })).status).toBe(200);
    for (const table of ['notifications', 'settings', 'devices', 'days', 'stops'])
      expect(await w.sql(`select 1 from notifications.${table} where account_id = $1`, [ned.id]), table).toEqual([]);
  });

  test('that have no confirmed address are told in the application', async () => {
    const made = await w.post('/v1/customers', {
      ...{
        fullName: 'Olga',
        username: 'olga',
        password: 'correct horse battery',
        age: 30,
        address: 'x',
        gender: 'female',
        maritalStatus: 'single',
      },
      email: 'olga@example.com',
    });
    await notices.tells(made.body);
    await w.step();
    expect(w.adapters.email.items('olga@example.com').map(({ subject }) => subject)).toEqual(['Your confirmation code']);
    expect(await notices.sendings(made.body)).toEqual([{ channel: 'email', state: 'dropped', reason: 'no address' }]);
  });
});

test('docs/notifications.md says of every kind what the table says', () => {
  const page = readFileSync(join(ROOT, 'docs/notifications.md'), 'utf8');
  for (const kind of kindNames) {
    const { uses, urgent, canBeTurnedOff } = specOf(kind);
    const [, row = ''] = new RegExp(`^\\| \`${kind}\` \\| [^|]+ \\| (.*) \\|$`, 'm').exec(page) ?? [];
    expect(row.trim(), kind).toBe(`${uses.join(', ')} | ${canBeTurnedOff ? 'yes' : 'no'} |${urgent ? ' yes' : ''}`);
  }
});

describe('push messages', () => {
  test('go to every browser of a person, and a browser that is gone is forgotten', async () => {
    const service = await pushService();
    const vapid = { ...webPush.generateVAPIDKeys(), subject: 'mailto:ops@example.com' };
    const push = { ...webPushSender(vapid, guardedHttp({ allowsOwnMachine: true })), items: () => [] };
    const real = await w.sibling({}, { adapters: { push } });
    expect((await real.get('/v1/notifications/push-key')).body).toEqual({ publicKey: vapid.publicKey });
    const vic = await real.seller('vic');
    const toy = await vic.lists({ name: 'Toy', price: usd(1_00), stock: 100 });
    await real.step();
    const [phone, laptop] = [service.browser('phone'), service.browser('laptop')];
    for (const { subscription } of [phone, laptop, phone])
      expect(await vic.post('/v1/notifications/devices', { ...subscription, expirationTime: null })).toMatchObject({
        status: 201,
        body: { host: new URL(service.origin).host },
      });
    const devices = (await vic.get('/v1/notifications/devices')).body.items;
    expect(devices).toHaveLength(2);

    const wes = await real.buyer('wes', { balance: usd(50_00) });
    await wes.post('/v1/orders', { items: [{ productId: toy, quantity: 1 }] });
    await real.step();
    for (const { arrived } of [phone, laptop])
      expect(arrived.map(({ payload }) => payload)).toMatchObject([
        { kind: 'sold', title: 'You have sold something', id: expect.any(String) },
      ]);

    expect((await wes.delete(`/v1/notification-devices/${devices[0].id}`)).status).toBe(404);
    expect((await vic.delete(`/v1/notification-devices/${devices[0].id}`)).status).toBe(204);
    const dead = { endpoint: 'http://127.0.0.1:9/', keys: phone.subscription.keys };
    expect((await vic.post('/v1/notifications/devices', dead)).status).toBe(201);
    const got = service.calls;
    await wes.post('/v1/orders', { items: [{ productId: toy, quantity: 1 }] });
    for (let turn = 0; turn < 3; turn++) await real.step();
    expect(service.calls).toBe(got + 1);
    for (const { id, host } of (await vic.get('/v1/notifications/devices')).body.items)
      if (host === '127.0.0.1:9') await vic.delete(`/v1/notification-devices/${id}`);
    service.answers = 410;
    await wes.post('/v1/orders', { items: [{ productId: toy, quantity: 1 }] });
    await real.step();
    expect((await vic.get('/v1/notifications/devices')).body.items).toEqual([]);
  });

  test('no browser is registered at a private address, with wrong keys, or beyond ten', async () => {
    const { keys } = (await pushService()).browser('x').subscription;
    const register = (endpoint: string, more = {}) => sue.post('/v1/notifications/devices', { endpoint, keys: { ...keys, ...more } });
    const refused = await register('https://10.0.0.1/push');
    expect(refused).toBeProblem(422, 'invalid');
    expect(refused.body.errors[0]).toMatchObject({ pointer: '/endpoint', detail: 'must lead to a public address' });
    expect(await register('https://push.invalid/x', { auth: 'AAAA' })).toBeProblem(422, 'invalid');
    expect(await register('https://push.invalid/x', { p256dh: Buffer.alloc(65, 4).toString('base64url') })).toBeProblem(422, 'invalid');
    for (let n = 0; n < 12; n++) expect((await register(`http://localhost:9/${n}`)).status).toBe(201);
    expect((await sue.get('/v1/notifications/devices')).body.items).toHaveLength(10);
    expect(await w.dump()).not.toContain('localhost:9/');
  });

  test('are captured where no keys are set', async () => {
    const xia = await w.seller('xia');
    const box = await xia.lists({ name: 'Box', price: usd(1_00), stock: 100 });
    const { subscription } = (await pushService()).browser('xia');
    await xia.post('/v1/notifications/devices', subscription);
    const yan = await w.buyer('yan', { balance: usd(50_00) });
    await yan.post('/v1/orders', { items: [{ productId: box, quantity: 1 }] });
    await w.step();
    expect((await w.get(`/dev/outbox?to=${encodeURIComponent(subscription.endpoint)}`)).body.items).toMatchObject([
      { channel: 'push', subject: 'You have sold something', html: null },
    ]);
  });
});

test('an address that the mail server refuses for good stops its channel, and the person learns of it', async () => {
  const server = await mailServer({ knowsNot: 'zoe@example.com' });
  const real = await w.sibling({ SMTP_URL: server.url, MAIL_FROM: 'Souk <souk@example.com>' });
  const zoe = await real.person('zoe');
  for (let n = 0; n < 2; n++) {
    await notices.tells(zoe);
    await real.step();
  }
  expect(await notices.sendings(zoe)).toEqual([
    { channel: 'email', state: 'refused', reason: null },
    { channel: 'email', state: 'dropped', reason: 'the address is refused' },
  ]);
  expect((await notices.listOf(zoe)).items.map(({ kind }: { kind: string }) => kind)).toEqual([
    'webhook-paused',
    'channel-stopped',
    'webhook-paused',
  ]);
  expect((await zoe.get('/v1/notifications/settings')).body.stopped).toEqual(['email']);

  const yves = await real.person('yves');
  const postmaster = await real.partner('Mail Loop', ['notifications:report']);
  for (const email of ['YVES@example.com', 'nobody@example.com', 'yves@example.com'])
    expect((await postmaster.post('/v1/notifications/bounces', { email })).status).toBe(204);
  expect((await notices.listOf(yves)).items.map(({ kind }: { kind: string }) => kind)).toEqual(['channel-stopped']);
  await real.sql("update notifications.stops set address_index = 'of the address before' where account_id = $1", [yves.id]);
  await notices.tells(yves);
  await real.step();
  expect(await notices.sendings(yves)).toMatchObject([{ channel: 'email', state: 'sent' }]);

  await real.sql("update identity.accounts set email_sealed = null, email_index = null, email_confirmed_at = null where username = 'zoe'");
  expect((await zoe.get('/v1/notifications/settings')).body.stopped).toEqual([]);
});
