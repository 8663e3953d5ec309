import { beforeAll, expect, test } from 'vitest';
import { days } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { systemScope } from '#kernel/runtime.ts';
import { noticesOf } from '../../../test/notices.ts';
import { usd } from '../../../test/people.ts';
import { pushService } from '../../../test/push-service.ts';
import { type World, world } from '../../../test/world.ts';
import type { Notifications } from './context.ts';
import { notifyAll } from './notify.ts';

let w: World;
let notices: ReturnType<typeof noticesOf>;
beforeAll(async () => {
  w = await world();
  notices = noticesOf(w);
});

test('what follows from twenty purchases takes hardly more statements than what follows from one', async () => {
  const [zed, kid] = [await w.seller('zed'), await w.buyer('kid', { balance: usd(500_00) })];
  const names = Array.from({ length: 20 }, (_, n) => `Vase ${n}`);
  const vases: string[] = [];
  for (const name of names) vases.push(await zed.lists({ name, price: usd(1_00), stock: 10 }));
  await w.step();
  const buy = async (productId: string) => (await kid.post('/v1/orders', { items: [{ productId, quantity: 1 }] })).body.id as string;
  await buy(vases[0]!);
  const forOne = await w.statements(w.step);
  const ids = await Promise.all(vases.map(buy));
  const forTwenty = await w.statements(w.step);
  expect(forTwenty.length).toBeLessThan(forOne.length + 60); // one by one it would be 570 more

  for (const [n, id] of ids.entries()) {
    const { shipments, items } = (await kid.get(`/v1/orders/${id}`)).body;
    expect([shipments.length, items[0].name]).toEqual([1, names[n]]);
    const shipment = (await zed.get(`/v1/shipments/${shipments[0].id}`)).body;
    expect(shipment).toMatchObject({ orderId: id, items: [{ name: names[n], quantity: 1 }] });
  }
});

test('a message that cannot be sent holds up none of those that are sent with it, and is tried again', async () => {
  const tried: string[] = [];
  const email = {
    ...w.adapters.email,
    send: async ({ to }: { to: string }) => {
      tried.push(to);
      if (to.startsWith('lou@') && tried.filter((one) => one === to).length < 3) throw new Error('the mail server is away');
      return 'sent' as const;
    },
  };
  const other = await w.sibling({}, { adapters: { email } });
  const told = await Promise.all(['kai', 'lou', 'max'].map((name) => w.person(name)));
  for (const person of told)
    await w.ask('notifications', 'notify', { key: newId(), accountId: person.id, kind: 'webhook-paused', values: { host: 'x' } });
  for (let turn = 0; turn < 4; turn++) await other.step();
  for (const person of told) expect(await notices.sendings(person)).toEqual([{ channel: 'email', state: 'sent', reason: null }]);
  expect(tried.map((to) => to.split('@')[0]).sort()).toEqual(['kai', 'lou', 'lou', 'lou', 'max']);
});

test('a push service that always fails is tried a bounded number of times, leaves no dead letter, and is forgotten after days', async () => {
  let calls = 0;
  let isAway = true;
  const push = {
    ...w.adapters.push,
    send: async () => {
      calls++;
      if (isAway) throw new Error('The push service answered 503.');
      return 'sent' as const;
    },
  };
  const other = await w.sibling({}, { adapters: { push } });
  const ned = await w.person('ned');
  const service = await pushService();
  const registers = async (name: string) =>
    expect((await (await w.person('ned')).post('/v1/notifications/devices', service.browser(name).subscription)).status).toBe(201);
  const devices = () => w.sql('select failures from notifications.devices where account_id = $1', [ned.id]);
  /** One message by push, until it has ended. @returns how often it was tried. */
  const tells = async (): Promise<number> => {
    const before = calls;
    const notice = { key: newId(), accountId: ned.id, kind: 'order-packed', text: 'order-packed', values: { order: newId() } } as const;
    await notifyAll(w.souk.runtime.context('notifications', systemScope) as Notifications, [notice]);
    const waits = async () => (await notices.sendings(ned)).some(({ state }) => state === 'waiting');
    for (let turn = 0; turn < 12 && (await waits()); turn++) await other.step();
    return calls - before;
  };
  await registers('old');
  expect([await tells(), await tells(), await tells()]).toEqual([5, 5, 1]);
  expect(new Set((await notices.sendings(ned)).map(({ state, reason }) => `${state}: ${reason}`))).toEqual(
    new Set(['dropped: no push service takes it']),
  );
  expect(await devices()).toEqual([{ failures: 11 }]);
  w.clock.advance(days(3));
  expect(await tells()).toBe(1);
  expect(await devices()).toEqual([]);
  expect((await (await w.person('root', ['admin'])).get('/v1/dead-letters?queue=notifications.send')).body.items).toEqual([]);

  await registers('new');
  await tells();
  expect(await devices()).toEqual([{ failures: 5 }]);
  isAway = false;
  expect([await tells(), await devices()]).toEqual([1, [{ failures: 0 }]]);
});
