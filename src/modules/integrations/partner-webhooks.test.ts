import { Webhook } from 'standardwebhooks';
import { beforeAll, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { type PartnerSystem, type Person, usd } from '../../../test/people.ts';
import { type Receiver, receiver } from '../../../test/receiver.ts';
import { type World, world } from '../../../test/world.ts';
import { newWebhookSecret } from './signature.ts';

const [WAREHOUSE_SECRET, CARRIER_SECRET] = [newWebhookSecret(), newWebhookSecret()];

let w: World;
let warehouse: Receiver;
let carrier: Receiver;
let packs: PartnerSystem;
let bob: Person;
let lamp: string;

beforeAll(async () => {
  [warehouse, carrier] = await Promise.all([receiver(), receiver()]);
  w = await world({
    env: {
      ...{ WAREHOUSE: 'Sahara Storage', WAREHOUSE_URL: `${warehouse.url}/souk`, WAREHOUSE_SECRET },
      ...{ CARRIER: 'Carthage Couriers', CARRIER_URL: carrier.url, CARRIER_SECRET },
    },
  });
  const sue = await w.seller('sue');
  lamp = await sue.lists({ name: 'Lamp', price: usd(1_00), stock: 1000 });
  packs = await w.partner('Sahara Storage', ['orders:pack']);
  bob = await w.buyer('bob', { balance: usd(900_00) });
  await w.step();
});

const ADDRESS = { street: '12 Rue de Carthage', city: 'Tunis', postalCode: '1000', country: 'TN' };

async function buy(): Promise<string> {
  const reply = await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 2 }], shippingAddress: ADDRESS });
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return reply.body.id;
}

interface Message {
  type: string;
  data: { orderId: string; [field: string]: unknown };
}
const messagesAt = ({ calls }: Receiver): Message[] => calls.map(({ body }) => JSON.parse(body));
const toldOf = (there: Receiver, orderId: string): string[] =>
  messagesAt(there).flatMap(({ type, data }) => (data.orderId === orderId ? [type.replace('fulfilment.shipment-', '')] : []));

test('the warehouse is told what to pack and where to, without prices; the carrier once it is packed', async () => {
  const orderId = await buy();
  await w.step();
  for (const { body, headers } of warehouse.calls) new Webhook(WAREHOUSE_SECRET).verify(body, headers as Record<string, string>);
  const [message] = messagesAt(warehouse).filter(({ data }) => data.orderId === orderId);
  expect(message).toMatchObject({
    type: 'fulfilment.shipment-placed',
    data: { orderId, state: 'placed', items: [{ name: 'Lamp', quantity: 2 }], shippingAddress: { city: 'Tunis' }, cashToCollect: null },
  });
  expect(JSON.stringify(message)).not.toMatch(/price|amount|bob/i);
  expect(carrier.calls).toEqual([]);

  expect((await packs.post(`/v1/orders/${orderId}/packed`, {})).status).toBe(200);
  await w.step();
  expect(toldOf(carrier, orderId)).toEqual(['packed']);
  new Webhook(CARRIER_SECRET).verify(carrier.calls[0]!.body, carrier.calls[0]!.headers as Record<string, string>);
  expect(toldOf(warehouse, orderId)).toEqual(['placed']);
  expect(await w.dump()).not.toContain('Rue de Carthage');

  const hooks = (await (await w.person('root', ['admin'])).get('/v1/webhooks')).body.items;
  expect(hooks.map(({ setting }: { setting: string }) => setting).sort()).toEqual(['CARRIER_URL', 'WAREHOUSE_URL']);
});

test('its partners are told when fewer units are to be sent: the warehouse before it packs, the carrier once there is something to fetch', async () => {
  const root = await w.person('root', ['admin']);
  const orderId = await buy();
  await w.step();
  const refund = () => root.post(`/v1/orders/${orderId}/refunds`, { items: [{ productId: lamp, quantity: 1 }], reason: 'Broken.' });
  expect((await refund()).status).toBe(200);
  await w.step();
  expect([toldOf(warehouse, orderId), toldOf(carrier, orderId)]).toEqual([['placed', 'changed'], []]);
  expect(messagesAt(warehouse).at(-1)?.data).toMatchObject({ state: 'placed', items: [{ quantity: 1 }] });
  expect((await packs.post(`/v1/orders/${orderId}/packed`, {})).status).toBe(200);
  await refund();
  await w.step();
  expect([toldOf(warehouse, orderId), toldOf(carrier, orderId)]).toEqual([
    ['placed', 'changed', 'changed'],
    ['packed', 'changed'],
  ]);
  expect(messagesAt(carrier).at(-1)?.data).toMatchObject({ state: 'refunded', items: [] });
});

test('a webhook that an older version has made is told what this one tells', async () => {
  await w.sql("update integrations.webhooks set events = '{fulfilment.shipment-placed}' where role = 'warehouse'");
  const newer = await w.sibling();
  await newer.step();
  const [row] = await w.sql("select events from integrations.webhooks where role = 'warehouse'");
  expect(row).toEqual({ events: ['fulfilment.shipment-placed', 'fulfilment.shipment-changed', 'fulfilment.shipment-cancelled'] });
});

test('a webhook that a setting makes is changed there, and may be paused', async () => {
  const root = await w.person('root', ['admin']);
  const hooks = (await root.get('/v1/webhooks')).body.items;
  const path = `/v1/webhooks/${hooks.find(({ setting }: { setting: string }) => setting === 'CARRIER_URL').id}`;
  expect(await root.patch(path, { events: ['fulfilment.shipment-placed'] })).toBeProblem(409, 'integrations/from-setting');
  expect(await root.delete(path)).toBeProblem(409, 'integrations/from-setting');
  expect(await root.post(`${path}/secret`, {})).toBeProblem(409, 'integrations/from-setting');
  expect((await root.post(`${path}/pause`)).body).toMatchObject({ state: 'paused', pausedBecause: 'person' });
  expect(await root.post(`${path}/pause`)).toBeProblem(409, 'integrations/wrong-state');
  expect((await root.post(`${path}/resume`)).body.state).toBe('active');
});

test('a warehouse that was away for an hour is told everything afterwards, in order for each order, once', async () => {
  await warehouse.stop();
  const orders = [await buy(), await buy(), await buy(), await buy(), await buy(), await buy()];
  for (let passed = 0; passed < 60; passed += 10) {
    await w.step();
    w.clock.advance(minutes(10));
  }
  bob = await w.person('bob');
  for (const orderId of orders) expect((await bob.post(`/v1/orders/${orderId}/cancel`)).status).toBe(200);
  await w.step();
  await warehouse.begin();
  w.clock.advance(minutes(5));
  await w.step();
  for (const orderId of orders) expect(toldOf(warehouse, orderId), orderId).toEqual(['placed', 'cancelled']);
});

test('a message that fails holds back those after it of the same order, and of no other', async () => {
  const [stuck, other] = [await buy(), await buy()];
  warehouse.answer = ({ body }, response) => void response.writeHead(body.includes(stuck) ? 422 : 204).end();
  await w.step();
  for (const orderId of [stuck, other]) await bob.post(`/v1/orders/${orderId}/cancel`);
  await w.step();
  w.clock.advance(minutes(1));
  await w.step();
  expect(toldOf(warehouse, other)).toEqual(['placed', 'cancelled']);
  expect(new Set(toldOf(warehouse, stuck))).toEqual(new Set(['placed']));

  warehouse.answer = (_, response) => void response.writeHead(204).end();
  w.clock.advance(minutes(10));
  await w.step();
  expect(toldOf(warehouse, stuck).slice(-2)).toEqual(['placed', 'cancelled']);
});

test('what staff send a partner again goes with what must arrive before it, in order', async () => {
  bob = await w.person('bob');
  const stuck = await buy();
  warehouse.answer = ({ body }, response) => void response.writeHead(body.includes(stuck) ? 422 : 204).end();
  for (let tries = 0; tries < 5; tries++) {
    await w.step();
    w.clock.advance(minutes(10));
  }
  bob = await w.person('bob');
  await bob.post(`/v1/orders/${stuck}/cancel`);
  await w.step();
  warehouse.answer = (_, response) => void response.writeHead(204).end();
  const before = toldOf(warehouse, stuck).length;
  const root = await w.person('root', ['admin']);
  const hooks = (await root.get('/v1/webhooks')).body.items;
  const path = `/v1/webhooks/${hooks.find(({ setting }: { setting: string }) => setting === 'WAREHOUSE_URL').id}/deliveries`;
  const pending = (await root.get(`${path}?state=pending`)).body.items;
  expect(pending.map(({ subject, type }: { subject: string; type: string }) => [subject, type])).toEqual([
    [stuck, 'fulfilment.shipment-cancelled'],
    [stuck, 'fulfilment.shipment-placed'],
  ]);
  expect((await root.post(`${path}/${pending[0].id}/redelivery`)).status).toBe(202);
  await w.step();
  expect(toldOf(warehouse, stuck).slice(before)).toEqual(['placed', 'cancelled']);
});

test("a partner with a webhook of its own is sent its shipments and nobody else's, and what happened is told of the order", async () => {
  const root = await w.person('root', ['admin']);
  const [mine, others] = await Promise.all([receiver(), receiver()]);
  const make = (url: string, partner: string) =>
    root.post('/v1/webhooks', { url, partner, events: ['fulfilment.shipment-placed', 'fulfilment.shipment-packed'] });
  await make(mine.url, 'SAHARA storage');
  await make(others.url, 'Kasbah Couriers');
  bob = await w.person('bob');
  const orderId = await buy();
  await packs.post(`/v1/orders/${orderId}/packed`, {});
  await w.step();
  expect(toldOf(mine, orderId)).toEqual(['placed', 'packed']);
  expect(others.calls).toEqual([]);

  const { told } = await w.ask<{ told: { kind: string; text: string }[] }>('integrations', 'explain.order', { id: orderId, shipments: [] });
  expect(told.filter(({ kind }) => kind === 'webhook').map(({ text }) => text)).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^fulfilment\.shipment-placed to warehouse at 127\.0\.0\.1:\d+: delivered, answered 204$/),
    ]),
  );
  expect(told.filter(({ kind }) => kind === 'event').map(({ text }) => text)).toContain('orders.order-placed');
});
