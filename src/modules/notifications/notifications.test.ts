import { beforeAll, expect, test } from 'vitest';
import { days, hours } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { type Budget, overBudget } from '../../../test/budgets.ts';
import { noticesOf } from '../../../test/notices.ts';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { routes } from './routes.ts';

let w: World;
let sue: Person;
let lamp: string;
let notices: ReturnType<typeof noticesOf>;
beforeAll(async () => {
  w = await world({ env: { NOTIFICATIONS_PER_DAY: '4', SHOP_NAME: 'Tunis Bazaar' } });
  notices = noticesOf(w);
  sue = await w.seller('sue');
  lamp = await sue.lists({ name: 'Lamp <b>', price: usd(20_00), stock: 1000 });
  await w.step();
});

const buys = async (person: Person, headers = {}) => {
  const order = await person.post('/v1/orders', { items: [{ productId: lamp, quantity: 2 }] }, headers);
  expect(order.status).toBe(201);
  return order.body.id as string;
};
test('a purchase tells the buyer and the seller, each in their language, once however often the event arrives', async () => {
  const bob = await w.buyer('bob', { balance: usd(500_00) });
  await sue.patch('/v1/customers/sue', { language: 'ar' });
  const order = await buys(bob, { 'accept-language': 'fr' });
  await w.step();
  for (let again = 0; again < 3; again++) {
    await w.tellAgain('orders.order-placed.v1', 'notifications.send');
    await Promise.all([w.step(), w.step()]);
  }
  expect(notices.mails(bob)).toMatchObject([
    { subject: 'Votre commande est passée', text: expect.stringContaining(order), html: expect.stringContaining('40,00') },
  ]);
  expect(notices.mails(sue)[0]).toMatchObject({ subject: 'لقد بعت شيئا', html: expect.stringContaining('dir="rtl"') });
  expect(notices.subjects(sue)).toHaveLength(2); // the approval of the lamp is the other
  expect(await notices.listOf(bob, '', { 'accept-language': 'fr' })).toMatchObject({
    items: [{ kind: 'order-placed', subject: 'Votre commande est passée', readAt: null }],
    unread: 1,
    nextCursor: null,
  });
  expect((await notices.listOf(bob)).items[0]).toMatchObject({
    subject: 'Your order is placed',
    text: `Thank you. Your order ${order} is placed.\n\nTotal: $40.00`,
  });
  expect((await notices.listOf(sue)).items.map(({ kind }: { kind: string }) => kind)).toContain('sold');
  const outbox = (await w.get(`/dev/outbox?to=${notices.addressOf(bob)}`)).body.items;
  expect(outbox[0]).toEqual({ ...outbox[0], channel: 'email', subject: 'Votre commande est passée' });
});

test('the buyer and the seller learn of each step to the door and back, once', async () => {
  const sam = await w.seller('sam');
  const bowl = await sam.lists({ name: 'Bowl', price: usd(10_00), stock: 100 });
  const tom = await w.buyer('tom', { balance: usd(200_00) });
  const root = await w.person('root', ['admin']);
  const order = async () => (await tom.post('/v1/orders', { items: [{ productId: bowl, quantity: 2 }] })).body;
  const [one, two] = [await order(), await order()];
  await w.step();
  const done = async (person: Person, path: string, body: object = {}) =>
    expect((await person.post(path, body)).status, path).toBeLessThan(300);
  await done(sam, `/v1/orders/${one.id}/packed`);
  await done(sam, `/v1/orders/${one.id}/shipped`, { carrier: 'Carthage Couriers', tracking: 'T-1' });
  await done(root, `/v1/orders/${one.id}/delivered`);
  await done(tom, `/v1/orders/${one.id}/returns`, { items: [{ variantId: one.items[0].variantId, quantity: 1 }], reason: 'It leaks.' });
  const { items: returns } = (await sam.get(`/v1/orders/${one.id}/returns`)).body;
  await done(sam, `/v1/orders/${one.id}/returns/${returns[0].id}/acceptance`);
  await done(tom, `/v1/orders/${two.id}/cancel`);
  await w.step();
  await w.tellAgain('fulfilment.shipment-packed.v1', 'fulfilment.shipment-cancelled.v1', 'fulfilment.money-refunded.v1');
  await w.step();
  const told = async (person: Person) =>
    (await notices.listOf(person, '?limit=100')).items.map(({ kind }: { kind: string }) => kind).sort();
  expect(await told(tom)).toEqual(
    [
      ...['order-placed', 'order-placed', 'order-packed', 'order-shipped', 'order-delivered', 'return-accepted'],
      ...['order-cancelled', 'order-refunded', 'order-refunded'],
    ].sort(),
  );
  expect(await told(sam)).toEqual(['product-decided', 'return-requested', 'sale-cancelled', 'sold', 'sold']);
  const { items } = await notices.listOf(tom, '?limit=100');
  const textOf = (kind: string) => items.filter((item: { kind: string }) => item.kind === kind).map(({ text }: { text: string }) => text);
  expect(textOf('order-shipped')[0]).toContain('Carrier: Carthage Couriers\n\nTracking number: T-1');
  const explained = await w.ask<{ told: { text: string }[] }>('notifications', 'explain.order', { id: one.id, shipments: [] });
  const lines = explained.told.map(({ text }) => text);
  expect(lines).toContain(`order-shipped to ${tom.id} in the application`);
  expect(lines).toContain(`order-placed to ${tom.id} by email: sent`);
  expect(lines).toContain(`sold to ${sam.id} by push: dropped`);
  expect(textOf('order-refunded').join()).toMatch(/\$20\.00[\s\S]*\$10\.00|\$10\.00[\s\S]*\$20\.00/);
});

test('a step that one call takes for two sellers is told once', async () => {
  const [zoe, root] = [await w.seller('zoe'), await w.person('root', ['admin'])];
  const lists = { name: 'Jug', price: usd(10_00), stock: 100 };
  const items = [await zoe.lists(lists), await root.lists({ ...lists, name: 'Cup' })].map((productId) => ({ productId, quantity: 1 }));
  const ali = await w.buyer('ali', { balance: usd(20_00) });
  const { id } = (await ali.post('/v1/orders', { items })).body;
  for (const step of ['packed', 'shipped', 'delivered']) expect((await root.post(`/v1/orders/${id}/${step}`, {})).status).toBe(200);
  await w.step();
  expect((await notices.listOf(ali)).items.map(({ kind }: { kind: string }) => kind).sort()).toEqual(
    ['order-placed', 'order-packed', 'order-shipped', 'order-delivered'].sort(),
  );
  const { shipments } = (await ali.get(`/v1/orders/${id}`)).body;
  expect(shipments.map(({ seller }: { seller: { username: string } }) => seller.username).sort()).toEqual(['souk', 'zoe']);
});

test('sellers learn what becomes of their payouts', async () => {
  const una = await w.seller('una');
  const [payoutId, amount] = [newId(), { owner: una.id, currency: 'TND', amount: 1_500 }];
  const told = ['payout-failed', 'payout-sent', 'payout-waiting'];
  for (const name of told)
    await w.sql(
      `insert into kernel.outbox (id, kind, name, subject, payload, created_at) values (gen_random_uuid(), 'event', $1, $2, $3, now())`,
      [`wallet.${name}.v1`, payoutId, { payoutId, ...amount }],
    );
  await w.step();
  const { items } = await notices.listOf(una);
  expect(items.map(({ kind }: { kind: string }) => kind).sort()).toEqual(told);
  for (const { text } of items) expect(text).toContain('TND\u00a01.500');
});

test('they are read one by one, or all; what is read stays read', async () => {
  const ann = await w.person('ann');
  for (const host of ['1.example', '2.example', '3.example']) await notices.tells(ann, newId(), host);
  const page = await notices.listOf(ann, '?limit=2');
  expect(page).toMatchObject({ items: [{ text: expect.stringContaining('3.example') }, {}], unread: 3 });
  const rest = await notices.listOf(ann, `?limit=2&cursor=${page.nextCursor}`);
  expect(rest).toMatchObject({ items: [{ text: expect.stringContaining('1.example') }], nextCursor: null });
  const path = `/v1/notifications/${rest.items[0].id}/read`;
  const read = await ann.post(path);
  expect(read).toMatchObject({ status: 200, body: { id: rest.items[0].id, readAt: expect.any(String) } });
  expect((await ann.post(path)).body.readAt).toBe(read.body.readAt);
  expect((await ann.get('/v1/notifications/unread-count')).body).toEqual({ unread: 2 });
  expect((await notices.listOf(ann, '?unread=true')).items).toHaveLength(2);
  expect((await (await w.person('mallory')).post(path)).status).toBe(404);
  expect((await ann.post('/v1/notifications/read')).body).toEqual({ unread: 0 });
  expect((await notices.listOf(ann)).items).toHaveLength(3);
});

test('of many that arrive at once under one key one is stored, and one is sent', async () => {
  const cleo = await w.person('cleo');
  const key = newId();
  await Promise.all(Array.from({ length: 10 }, () => notices.tells(cleo, key)));
  await Promise.all([w.step(), w.step(), w.step()]);
  expect((await notices.listOf(cleo)).items).toHaveLength(1);
  expect(notices.mails(cleo)).toHaveLength(1);
  const id = await notices.idOf(cleo);
  const jobs = Array.from({ length: 10 }, () => runs(w, { notificationId: id, channel: 'email' }));
  await Promise.all(jobs);
  expect(notices.mails(cleo)).toHaveLength(1);
});

/** Runs the job as a queue does that hands it out once more. */
async function runs(of: World, input: { notificationId: string; channel: string }): Promise<unknown> {
  const module = of.souk.runtime.modules.find(({ name }) => name === 'notifications')!;
  const job = module.jobs.find(({ kind }) => kind.name === 'notifications.send')!;
  const { systemScope } = await import('#kernel/runtime.ts');
  return job.run(() => of.souk.runtime.context('notifications', systemScope) as never, [{ input, cause: null }]);
}

test('while one run sends, another one is refused, and tried again later', async () => {
  let letGo = (): void => {};
  let sent = 0;
  const slow = {
    ...w.adapters.email,
    send: () =>
      new Promise<'sent'>((resolve) => {
        sent++;
        letGo = () => resolve('sent');
      }),
  };
  const other = await w.sibling({}, { adapters: { email: slow } });
  const dora = await w.person('dora');
  await w.ask('notifications', 'notify', { key: newId(), accountId: dora.id, kind: 'webhook-paused', values: { host: 'x' } });
  const id = await notices.idOf(dora);
  const first = runs(other, { notificationId: id, channel: 'email' });
  await expect.poll(() => sent).toBe(1);
  await expect(runs(other, { notificationId: id, channel: 'email' })).rejects.toThrow(/another run/);
  letGo();
  await first;
  await runs(other, { notificationId: id, channel: 'email' });
  expect(sent).toBe(1);
  expect(await notices.sendings(dora)).toEqual([{ channel: 'email', state: 'sent', reason: null }]);
});

test('the seller is told once that few units are left, and again after there were more', async () => {
  const pia = await w.seller('pia');
  const cup = await pia.lists({ name: 'Cup', price: usd(1_00), stock: 5 });
  const one = await pia.lists({ name: 'Antique', price: usd(1_00), stock: 1 });
  const quin = await w.buyer('quin', { balance: usd(50_00) });
  const buy = async (productId: string, quantity: number) => {
    expect((await quin.post('/v1/orders', { items: [{ productId, quantity }] })).status).toBe(201);
    await w.step();
    return (await notices.listOf(pia)).items
      .filter(({ kind }: { kind: string }) => kind === 'stock-low')
      .map(({ text }: { text: string }) => text);
  };
  expect(await buy(cup, 1)).toEqual([]);
  expect(await buy(cup, 1)).toEqual(['Cup: units left: 3']);
  expect(await buy(cup, 1)).toHaveLength(1);
  await pia.post(`/v1/products/${cup}/stock`, { change: 10, reason: 'delivery' });
  await w.step();
  expect(await buy(cup, 10)).toEqual(['Cup: units left: 2', 'Cup: units left: 3']);
  expect(await buy(one, 1)).toHaveLength(2); // it was opened with one: no news
});

test('the author of a review and the seller of a product learn what was decided', async () => {
  const rob = await w.seller('rob');
  const pan = await rob.lists({ name: 'Pan', price: usd(1_00), stock: 100 });
  await w.step();
  expect((await notices.listOf(rob)).items).toMatchObject([{ kind: 'product-decided', text: 'Pan is approved and for sale.' }]);
  const pot = (await rob.post('/v1/products', { name: 'Pot', category: 'electronics', price: usd(1_00), stock: 1 })).body.id;
  await rob.post(`/v1/products/${pot}/submit`);
  await (await w.admin()).post(`/v1/products/${pot}/reject`, { reason: 'It is a pan.' });
  await w.step();
  expect((await notices.listOf(rob)).items[0].text).toBe('Pot was rejected.\n\nReason: It is a pan.');
  const tia = await w.buyer('tia', { balance: usd(50_00) });
  const review = await tia.post(`/v1/products/${pan}/reviews`, { rating: 1, comment: 'It bends.' });
  const moderator = await w.person('mod', ['moderator']);
  await moderator.post(`/v1/reviews/${review.body.id}/moderation`, { action: 'remove', reason: 'Spam' });
  await w.step();
  expect((await notices.listOf(tia)).items).toMatchObject([
    { kind: 'review-decided', text: 'Your review of Pan was read and is not shown.\n\nReason: Spam' },
  ]);
});

const DEVICE_KEY = 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM';

test('telling somebody costs two statements, and calls few', async () => {
  const uma = await w.person('uma');
  const told = await w.statements(() => notices.tells(uma));
  expect(told.filter((text) => !text.includes('kernel.outbox'))).toHaveLength(2);
  await w.step();
  const root = await w.admin();
  const { token } = /unsubscribe\?(?<token>token=[^\s"]+)/.exec(notices.mails(sue).at(-1)?.text ?? '')!.groups!;
  const device = { endpoint: 'https://push.example.com/uma', keys: { p256dh: DEVICE_KEY, auth: 'AAAAAAAAAAAAAAAAAAAAAA' } };
  let made = '';
  const seeDevice = async () => {
    made = (await uma.get('/v1/notifications/devices')).body.items[0].id;
  };
  const budgets: Budget[] = [
    ['GET /notifications', 3, () => uma.get('/v1/notifications')],
    ['GET /notifications/unread-count', 1, () => uma.get('/v1/notifications/unread-count')],
    ['POST /notifications/{id}/read', 3, async () => uma.post(`/v1/notifications/${await notices.idOf(uma)}/read`)],
    ['POST /notifications/read', 3, () => uma.post('/v1/notifications/read')],
    ['GET /notifications/settings', 3, () => uma.get('/v1/notifications/settings')],
    ['PUT /notifications/settings', 5, () => uma.put('/v1/notifications/settings', { quietHours: null })],
    ['GET /notifications/push-key', 0, () => w.get('/v1/notifications/push-key')],
    ['POST /notifications/devices', 3, () => uma.post('/v1/notifications/devices', device)],
    ['GET /notifications/devices', 1, () => uma.get('/v1/notifications/devices')],
    ['DELETE /notification-devices/{id}', 2, () => uma.delete(`/v1/notification-devices/${made}`), seeDevice],
    ['POST /notifications/bounces', 4, () => root.post('/v1/notifications/bounces', { email: 'nobody@example.com' })],
    ['GET /notifications/unsubscribe', 2, () => w.get(`/v1/notifications/unsubscribe?${token}`)],
    ['POST /notifications/unsubscribe', 4, () => w.post(`/v1/notifications/unsubscribe?${token}`, {})],
  ];
  expect(await overBudget(w, budgets, routes)).toEqual([]);
});

// The clock moves from here on: access tokens of before have expired.

test('in quiet hours only what is urgent is sent; the rest waits until they end, unless it is turned off meanwhile', async () => {
  const hal = await w.buyer('hal', { balance: usd(500_00) });
  const hour = w.clock.now().getUTCHours();
  const at = (offset: number) => `${String((hour + offset + 24) % 24).padStart(2, '0')}:00`;
  for (const person of [hal, sue]) await person.put('/v1/notifications/settings', { quietHours: { from: at(-1), until: at(2) } });
  const before = notices.subjects(sue);
  await buys(hal);
  await notices.tells(hal, newId(), 'urgent.example');
  await w.step();
  expect(notices.subjects(hal)).toEqual(['Your webhook is paused']);
  expect((await notices.listOf(hal)).items).toHaveLength(2);
  await sue.put('/v1/notifications/settings', { kinds: [{ kind: 'sold', channels: { email: false } }] });
  w.clock.advance(hours(2));
  await w.step();
  expect(notices.subjects(hal)).toEqual(['Your order is placed', 'Your webhook is paused']);
  expect(notices.subjects(sue)).toEqual(before);
  expect((await notices.sendings(sue)).at(-2)).toEqual({ channel: 'email', state: 'dropped', reason: 'turned off' }); // meanwhile
});

test('a person is sent a bounded number of messages a day; the rest is in the application', async () => {
  const ian = await w.person('ian');
  for (let n = 0; n < 7; n++) await notices.tells(ian);
  await w.step();
  expect(notices.mails(ian)).toHaveLength(4);
  expect((await notices.sendings(ian)).filter(({ reason }) => reason === 'enough for a day')).toHaveLength(3);
  expect((await notices.listOf(ian)).items).toHaveLength(7);
  w.clock.advance(days(1));
  await notices.tells(ian);
  await w.step();
  expect(notices.mails(ian)).toHaveLength(5);
});

test('notifications that are old are deleted', async () => {
  w.clock.advance(days(181));
  await w.step();
  expect(await w.sql('select 1 from notifications.notifications where created_at < $1', [w.clock.now()])).toEqual([]);
});
