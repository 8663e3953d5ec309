import { beforeAll, expect, test } from 'vitest';
import type { Sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { openPlans, type PlansOf } from '../../../test/explained-plans.ts';
import { world } from '../../../test/world.ts';
import { settingsOf, settingsUpsert, stopsOf } from './choices.ts';
import { devicesOfAll, devicesPage, dropOldDevices, upsertDevice } from './device.ts';
import { toldOf } from './explain-order.ts';
import { becameLow, recovered } from './hear.ts';
import { markAllRead, markRead, noticesInsert, notificationsBefore, notificationsPage, unreadCount } from './notification.ts';
import { choicesOf } from './notify.ts';
import { claimSendings, endSendings, putOffSendings, releaseSendings, sendingsOf } from './sending.ts';

/** With 100,000 notifications of 5,000 people every statement goes by an index, and lists are walked along theirs. */

let plansOf: PlansOf;
const at = new Date();
const [id, other] = [newId(), newId()];

beforeAll(async () => {
  const w = await world();
  const opened = await openPlans(w);
  plansOf = opened.plansOf;
  await opened.client.query(`
    insert into notifications.notifications (id, key, account_id, kind, text, values, in_app, read_at, created_at)
      select md5('n' || n)::uuid, 'key' || n, md5('account' || n % 5000)::uuid, 'sold', 'sold', jsonb_build_object('order', md5('order' || n / 3)::uuid), n % 10 > 0,
             case when n % 4 > 0 then now() end, now() - n * interval '1 minute'
      from generate_series(1, 100000) as n;
    insert into notifications.sendings (notification_id, channel) select id, 'email' from notifications.notifications;
    insert into notifications.settings (account_id) select md5('account' || n)::uuid from generate_series(1, 50000) as n;
    insert into notifications.devices (id, account_id, endpoint_index, subscription_sealed, created_at)
      select gen_random_uuid(), md5('account' || n / 2)::uuid, 'e' || n, 'x', now() from generate_series(1, 50000) as n;
    insert into notifications.stops (account_id, channel, address_index, at) select md5('account' || n)::uuid, 'email', 'x', now() from generate_series(1, 50000) as n;
    insert into notifications.days (account_id, channel, day, sent) select md5('account' || n)::uuid, 'email', current_date, 1 from generate_series(1, 50000) as n;
    insert into notifications.low_stock (variant_id, version) select md5('variant' || n)::uuid, 2 from generate_series(1, 50000) as n;
    insert into notifications.silenced (account_id, cause) select md5('silent' || n)::uuid, 'closing' from generate_series(1, 50000) as n;
    analyze notifications.notifications, notifications.sendings, notifications.settings, notifications.devices, notifications.stops, notifications.days,
            notifications.low_stock, notifications.silenced`);
}, 120_000);

const page = { accountId: id, unread: false, after: null, rows: 21 };
const sendings = [{ notificationId: id, channel: 'email', accountId: other, until: at }] as const;
const notice = { id, key: 'k', accountId: id, kind: 'sold', text: 'sold', values: {}, inApp: true, channels: ['email'] } as const;
const statements: [name: string, statement: Sql][] = [
  ['a page of notifications', notificationsPage(page)],
  ['the next page of unread ones', notificationsPage({ ...page, unread: true, after: other })],
  ['the number of unread ones', unreadCount(id)],
  ['reading one', markRead(id, other, at)],
  ['reading all', markAllRead(id, at)],
  ['writing one', noticesInsert([notice], at)],
  ['what people have chosen', choicesOf([id, other])],
  ['settings', settingsOf(id)],
  ['stopped channels', stopsOf(id)],
  ['sendings', sendingsOf(sendings)],
  ['taking sendings in hand', claimSendings(sendings, at, 50)],
  ['releasing sendings', releaseSendings(sendings)],
  ['the end of sendings', endSendings([{ ...sendings[0], state: 'sent', reason: null }], at)],
  ['putting sendings off', putOffSendings(sendings, at)],
  ['devices of several people', devicesOfAll([id, other])],
  ['devices', devicesPage(id)],
  ['the oldest devices', dropOldDevices(id)],
  ['what is not low any more', recovered([{ variantId: id, version: 3 }])],
  ['what was told of an order', toldOf(id)],
  ['old notifications', notificationsBefore(new Date(at.getTime() - 100 * 86_400_000), 1000)],
];

test.each(statements)('%s', async (_, statement) => {
  for (const plan of await plansOf(statement)) {
    expect(plan).not.toMatch(/Seq Scan on (?!way)/);
    expect(plan).toMatch(/Index/);
  }
});

test.each([
  ['a device', upsertDevice({ id, accountId: other, index: 'x', sealed: 'y', now: at })],
  ['settings', settingsUpsert(id, {}, null)],
  ['low stock', becameLow([{ variantId: id, version: 3 }])],
])('writing %s reads no table from end to end', async (_, statement) => {
  for (const plan of await plansOf(statement)) expect(plan).not.toMatch(/Seq Scan/);
});

test('a page is walked along its index, without sorting', async () => {
  for (const plan of await plansOf(notificationsPage(page))) expect(plan).not.toMatch(/Sort/);
});
