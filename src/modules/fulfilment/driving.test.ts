import { beforeAll, describe, expect, test } from 'vitest';
import { days } from '#kernel/clock.ts';
import { derivedId, newId } from '#kernel/ids.ts';
import { listOf } from '#kernel/machine.ts';
import { type Budget, overBudget } from '../../../test/budgets.ts';
import { type PartnerSystem, type Person, type Reply, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { routes } from './routes.ts';
import { type ShipmentState, shipmentMachine } from './shipment-state.ts';

const ADDRESS = { name: 'Bob', street: '12 Rue de Carthage', city: 'Tunis', country: 'TN', phone: '+21671000000' };

let w: World;
let sue: Person;
let sam: Person;
let bob: Person;
let root: Person;
let warehouse: PartnerSystem;
let courier: PartnerSystem;
let lamp: string;
let mug: string;

beforeAll(async () => {
  w = await world();
  [sue, sam, root] = [await w.seller('sue'), await w.seller('sam'), await w.admin()];
  bob = await w.buyer('bob', { balance: usd(9000_00) });
  lamp = await sue.lists({ name: 'Lamp', price: usd(10_00), stock: 500 });
  mug = await sam.lists({ name: 'Mug', price: usd(3_00), stock: 500 });
  warehouse = await w.partner('Nova Logistics', ['orders:pack']);
  courier = await w.partner('Carthage Couriers', ['orders:ship', 'orders:deliver']);
});

const buys = async (...products: string[]): Promise<string> => {
  const reply = await bob.post('/v1/orders', {
    items: products.map((productId) => ({ productId, quantity: 2 })),
    shippingAddress: ADDRESS,
  });
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return reply.body.id;
};
const STEPS = { pack: 'packed', ship: 'shipped', deliver: 'delivered', cancel: 'cancel' };
const step = (who: Pick<Person, 'post'>, command: keyof typeof STEPS, order: string, body: object = {}): Promise<Reply> =>
  who.post(`/v1/orders/${order}/${STEPS[command]}`, body);
const orderOf = async (id: string) => (await bob.get(`/v1/orders/${id}`)).body;
/** Tokens do not last for days. */
const passes = async (ms: number) => {
  w.clock.advance(ms);
  await w.step();
  [sue, sam, bob, root] = [await w.person('sue'), await w.person('sam'), await w.person('bob'), await w.person('root', ['admin'])];
};
const told = (order: string) =>
  w
    .sql<{ name: string }>("select name from told.outbox where subject = $1 and name like 'fulfilment.%' order by seq", [order])
    .then((rows) => rows.map(({ name }) => name.replace(/^fulfilment\.|\.v1$/g, '')));

test('an order goes from its placing to the door, driven by two partners, and everybody sees the way', async () => {
  const id = await buys(lamp);
  await w.step();
  expect(await orderOf(id)).toMatchObject({ state: 'placed', shipments: [{ state: 'placed', seller: { id: sue.id } }] });

  const packed = await step(warehouse, 'pack', id);
  expect(packed).toMatchObject({
    status: 200,
    body: { id, state: 'packed', shippingAddress: ADDRESS, cashToCollect: null, items: [{ name: 'Lamp', quantity: 2 }] },
  });
  expect(JSON.stringify(packed.body)).not.toMatch(/bob"|unitPrice|"amount"/);
  const shipped = await step(courier, 'ship', id, { tracking: 'TN-4711' });
  expect(shipped.body).toMatchObject({ state: 'shipped', shipments: [{ tracking: 'TN-4711', carrier: 'carthage couriers' }] });
  expect((await step(courier, 'deliver', id)).body).toMatchObject({ state: 'delivered' });

  const order = await orderOf(id);
  expect(order).toMatchObject({ state: 'delivered', shipments: [{ tracking: 'TN-4711', deliveredAt: expect.any(String) }] });
  expect(order.timeline.map((moment: { state: string }) => moment.state)).toEqual(['placing', 'placed', 'packed', 'shipped', 'delivered']);
  expect(order.timeline.at(-1)).toMatchObject({ by: { kind: 'partner' } });
  await passes(days(3) - 60_000);
  expect((await orderOf(id)).state).toBe('delivered');
  await passes(60_000);
  expect(await orderOf(id)).toMatchObject({ state: 'completed' });
  expect(await told(id)).toEqual(['shipment-placed', 'shipment-packed', 'shipment-shipped', 'shipment-delivered', 'shipment-completed']);
  expect((await root.get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
});

test('what is packed and delivered was shipped, and a repeated step answers as before and causes nothing', async () => {
  const id = await buys(lamp);
  const first = await step(warehouse, 'pack', id); // before the event of the order was delivered
  expect((await step(warehouse, 'pack', id)).body).toEqual(first.body);
  const delivered = await step(courier, 'deliver', id, { tracking: 'TN-1' });
  w.clock.advance(1000);
  expect((await step(courier, 'deliver', id, { tracking: 'TN-2' })).body).toEqual(delivered.body);
  await w.step();
  expect(delivered.body.timeline.map((moment: { state: string }) => moment.state)).toEqual(['placed', 'packed', 'shipped', 'delivered']);
  expect(await told(id)).toEqual(['shipment-placed', 'shipment-packed', 'shipment-shipped', 'shipment-delivered']);
  expect((await orderOf(id)).timeline).toHaveLength(5);
});

describe('every command in every state', () => {
  const { states, transitions } = shipmentMachine;
  const commands = Object.keys(STEPS) as (keyof typeof STEPS)[];
  const wayOf = (from: ShipmentState, command: string) =>
    transitions.find((way) => way.command === command && listOf<string>(way.from).includes(from));

  /** By lawful calls alone. */
  async function orderIn(state: ShipmentState): Promise<string> {
    const id = await buys(lamp);
    const variantId = (await orderOf(id)).items[0].variantId;
    const items = [{ variantId, quantity: 2 }];
    if (state === 'cancelled') await step(bob, 'cancel', id);
    if (state === 'refunded') await root.post(`/v1/orders/${id}/refunds`, { items, reason: 'Lost.' });
    if (!['placed', 'cancelled', 'refunded'].includes(state)) await step(root, 'pack', id);
    if (!['placed', 'cancelled', 'refunded', 'packed'].includes(state)) await step(root, 'ship', id);
    if (['delivered', 'completed', 'returned'].includes(state)) await step(root, 'deliver', id);
    if (state === 'completed') await passes(days(3));
    if (state === 'returned') {
      await bob.post(`/v1/orders/${id}/returns`, { items, reason: 'Too bright.' });
      const [back] = (await bob.get(`/v1/orders/${id}/returns`)).body.items;
      expect((await root.post(`/v1/orders/${id}/returns/${back.id}/acceptance`)).status).toBe(200);
    }
    expect((await orderOf(id)).state).toBe(state);
    return id;
  }

  test.each(states)('%s: what the machine does not know is refused and changes nothing', async (from) => {
    for (const command of commands) {
      const id = await orderIn(from);
      await w.step();
      const before = await orderOf(id);
      const way = wayOf(from, command);
      const reply = await step(command === 'cancel' ? bob : root, command, id);
      if (way) expect([reply.status, (await orderOf(id)).state], `${command} ${from}`).toEqual([200, way.to]);
      else {
        expect(reply, `${command} ${from}`).toBeProblem(409, 'fulfilment/wrong-state');
        expect(reply.body).toMatchObject({ state: from, command });
        expect(await orderOf(id)).toEqual(before);
      }
    }
  });
});

describe('who reaches what', () => {
  test('another partner, another seller and another customer reach nothing of a shipment that a partner has', async () => {
    const id = await buys(lamp);
    await step(warehouse, 'pack', id);
    const [other, mallory] = [await w.partner('Other House', ['orders:pack', 'orders:ship', 'orders:deliver']), await w.person('mallory')];
    const [shipment] = (await orderOf(id)).shipments;
    expect((await warehouse.get(`/v1/shipments/${shipment.id}`)).body).toMatchObject({ orderId: id, shippingAddress: ADDRESS });
    for (const who of [other, mallory, sam]) {
      expect(await step(who, 'pack', id)).toBeProblem(404, 'not-found');
      expect(await who.get(`/v1/shipments/${shipment.id}`)).toBeProblem(404, 'not-found');
      expect(JSON.stringify((await who.get('/v1/shipments')).body)).not.toContain(id);
    }
    for (const who of [mallory, sam]) {
      for (const command of ['ship', 'deliver', 'cancel'] as const) expect(await step(who, command, id)).toBeProblem(404, 'not-found');
      expect(await who.get(`/v1/orders/${id}/returns`)).toBeProblem(404, 'not-found');
    }
    expect(await step(bob, 'pack', id)).toBeProblem(404, 'not-found'); // the buyer packs nothing
    expect(await step(warehouse, 'ship', id)).toBeProblem(403, 'forbidden'); // not a scope of its key
    await step(courier, 'ship', id);
    for (const command of ['ship', 'deliver'] as const) expect(await step(other, command, id)).toBeProblem(404, 'not-found');
    expect(await step(courier, 'pack', id)).toBeProblem(403, 'forbidden');
    expect((await orderOf(id)).state).toBe('shipped');
  });

  test('two keys of one partner are one partner', async () => {
    const second = await w.partner('NOVA LOGISTICS', ['orders:pack']);
    const id = await buys(lamp);
    await step(warehouse, 'pack', id);
    expect((await step(second, 'pack', id)).status).toBe(200);
    const { items } = (await second.get('/v1/shipments?limit=1')).body;
    expect(items).toMatchObject([{ orderId: id, state: 'packed', items: [{ name: 'Lamp' }] }]);
    const [inList, inFull] = [items[0], (await second.get(`/v1/shipments/${items[0].id}`)).body];
    expect(JSON.stringify([inList, inFull])).not.toMatch(/"amount"|"buyer":\{|bob/); // no price, and no name but that of the address
  });

  test('sellers drive their own shipment of an order, see its prices and nothing of the other seller', async () => {
    const id = await buys(lamp, mug);
    const packed = await step(sue, 'pack', id);
    expect(packed.body).toMatchObject({ state: 'packed', items: [{ name: 'Lamp', unitPrice: usd(10_00) }], shippingAddress: ADDRESS });
    expect(JSON.stringify(packed.body)).not.toMatch(/Mug|"buyer":\{/);
    expect((await orderOf(id)).state).toBe('placed'); // the least far
    expect((await step(sue, 'ship', id, { carrier: 'DHL', tracking: '9' })).body).toMatchObject({ shipments: [{ carrier: 'DHL' }] });
    expect((await step(sue, 'deliver', id)).body).toMatchObject({ state: 'delivered' });
    expect(await step(sam, 'ship', id)).toBeProblem(409, 'fulfilment/wrong-state');
    expect((await step(warehouse, 'pack', id)).body).toMatchObject({ items: [{ name: 'Mug' }] });
    expect(await step(sam, 'ship', id)).toBeProblem(409, 'fulfilment/taken-over');
    expect(await step(sam, 'deliver', id)).toBeProblem(409, 'fulfilment/taken-over');
    await step(courier, 'deliver', id);
    expect(await orderOf(id)).toMatchObject({ state: 'delivered', shipments: [{ state: 'delivered' }, { state: 'delivered' }] });
    expect((await sam.get('/v1/shipments?limit=1')).body.items).toMatchObject([{ orderId: id, items: [{ unitPrice: usd(3_00) }] }]);
  });

  test('items and shipmentId name one shipment of several; a part of one, and what is not in it, is refused', async () => {
    const id = await buys(lamp, mug);
    for (const command of ['pack', 'ship', 'deliver'] as const)
      expect(await step(root, command, id, { items: [{ productId: mug, quantity: 1 }] })).toBeProblem(409, 'fulfilment/goes-as-a-whole');
    expect(await step(root, 'pack', id, { items: [{ variantId: newId() }] })).toBeProblem(422, 'invalid');
    expect(await step(sue, 'pack', id, { items: [{ productId: mug }] })).toBeProblem(422, 'invalid');
    expect(await step(root, 'pack', id, { items: [{ productId: mug, quantity: 3 }] })).toBeProblem(409, 'fulfilment/goes-as-a-whole');
    expect(await step(root, 'pack', id, { shipmentId: newId() })).toBeProblem(404, 'not-found');
    const states = (reply: Reply) =>
      Object.fromEntries(reply.body.shipments.map((one: { seller: { id: string }; state: string }) => [one.seller.id, one.state]));
    expect(states(await step(root, 'pack', id, { items: [{ productId: mug, quantity: 2 }] }))).toEqual({
      [sue.id]: 'placed',
      [sam.id]: 'packed',
    });
    const mine = (await sue.get('/v1/shipments?limit=1')).body.items[0].id;
    expect(states(await step(root, 'pack', id, { shipmentId: mine }))).toEqual({ [sue.id]: 'packed', [sam.id]: 'packed' });
    expect(states(await step(root, 'ship', id))).toEqual({ [sue.id]: 'shipped', [sam.id]: 'shipped' });
  });

  test('a call of somebody who may not leaves no shipment, and one entry in the audit trail: that it was refused', async () => {
    const id = await buys(lamp);
    for (const command of ['pack', 'cancel'] as const) expect(await step(sam, command, id)).toBeProblem(404, 'not-found');
    expect(await w.sql('select 1 from fulfilment.shipments where order_id = $1', [id])).toEqual([]);
    const entries = await w.sql('select outcome, status from kernel.audit where subject = $1 and actor_id = $2', [id, sam.id]);
    expect(entries).toEqual([...Array(2)].map(() => ({ outcome: 'refused', status: 404 })));
  });

  test('an order that is not there, or was refused, cannot be driven', async () => {
    expect(await step(root, 'pack', newId())).toBeProblem(404, 'not-found');
    const pia = await w.buyer('pia');
    await pia.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] });
    const [refused] = (await pia.get('/v1/orders')).body.items;
    expect(refused.state).toBe('rejected');
    expect(await step(root, 'pack', refused.id)).toBeProblem(404, 'not-found');
    expect(await step(pia, 'cancel', refused.id)).toBeProblem(404, 'not-found');
  });
});

describe('with a warehouse and a carrier in the settings', () => {
  let v: World;

  beforeAll(async () => {
    v = await w.sibling({ WAREHOUSE: 'Nova  logistics'.replace('  ', ' '), CARRIER: 'CARTHAGE COURIERS' });
  });

  test('a shipment is sent to them: others cannot take it, and the carrier sees it once it is packed', async () => {
    const other = await w.partner('Third House', ['orders:pack', 'orders:ship', 'orders:deliver']);
    const id = (await v.withToken(bob, bob.token).post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body.id;
    const [its, theirs] = [v.withKey(warehouse.id, warehouse.key), v.withKey(courier.id, courier.key)];
    expect(await step(v.withKey(other.id, other.key), 'pack', id)).toBeProblem(404, 'not-found');
    await v.step();
    const [seen] = (await its.get('/v1/shipments?state=placed&limit=1')).body.items;
    expect(seen).toMatchObject({ orderId: id });
    const [{ told: payload }] = (await w.sql<{ told: object }>(
      "select payload as told from told.outbox where subject = $1 and name = 'fulfilment.shipment-placed.v1'",
      [id],
    )) as [{ told: object }];
    expect(payload).toMatchObject({ warehouse: 'nova logistics', carrier: 'carthage couriers', sellerId: sue.id, buyer: bob.id });
    expect(await theirs.get(`/v1/shipments/${seen.id}`)).toBeProblem(404, 'not-found');
    expect(await step(theirs, 'ship', id)).toBeProblem(409, 'fulfilment/wrong-state');
    expect(await w.ask('fulfilment', 'partnerView', { shipmentId: seen.id, partner: 'carthage couriers' })).toBeNull();
    await step(its, 'pack', id);
    expect(await w.ask('fulfilment', 'partnerView', { shipmentId: seen.id, partner: 'carthage couriers' })).toMatchObject({
      state: 'packed',
      items: [{ name: 'Lamp', quantity: 1 }],
      cashToCollect: null,
    });
    expect(await w.ask('fulfilment', 'partnerView', { shipmentId: seen.id, partner: 'third warehouse' })).toBeNull();
    expect(await step(v.withKey(other.id, other.key), 'ship', id)).toBeProblem(404, 'not-found');
    expect((await step(theirs, 'deliver', id)).body).toMatchObject({ state: 'delivered' });
  });

  test('a seller may still pack and ship what no partner has taken', async () => {
    const id = (await v.withToken(bob, bob.token).post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body.id;
    for (const command of ['pack', 'ship', 'deliver'] as const)
      expect((await step(v.withToken(sue, sue.token), command, id)).status).toBe(200);
    expect((await orderOf(id)).state).toBe('delivered');
  });
});

test('a call costs few statements', async () => {
  const [id, other] = [await buys(lamp), await buys(lamp)];
  await w.step();
  for (const { get } of [warehouse, courier]) await get('/v1/shipments'); // its key is known
  const items = [{ productId: lamp, quantity: 1 }];
  const returns = `/v1/orders/${id}/returns`;
  const asksBack = () => bob.post(returns, { items, reason: 'Too bright.' });
  const last = async () => (await bob.get(returns)).body.items.at(-1);
  let asked: string;
  const seeAsked = async () => {
    if ((await last()).state !== 'requested') await asksBack();
    asked = `${returns}/${(await last()).id}`;
  };
  const budgets: Budget[] = [
    ['POST /orders/{id}/packed', 8, () => step(warehouse, 'pack', id)],
    ['POST /orders/{id}/packed, again', 4, () => step(warehouse, 'pack', id)],
    ['POST /orders/{id}/shipped', 8, () => step(courier, 'ship', id)],
    ['POST /orders/{id}/delivered', 10, () => step(courier, 'deliver', id)],
    ['GET /shipments', 1, () => sue.get('/v1/shipments')],
    ['GET /shipments/{id}', 3, async () => sue.get(`/v1/shipments/${derivedId('shipment', id, sue.id)}`)],
    ['POST /orders/{id}/returns', 9, asksBack],
    ['GET /orders/{id}/returns', 1, () => bob.get(returns)],
    ['POST /orders/{id}/returns/{returnId}/refusal', 10, () => sue.post(`${asked}/refusal`, { reason: 'Scratched.' }), seeAsked],
    ['POST /orders/{id}/returns/{returnId}/acceptance', 17, () => sue.post(`${asked}/acceptance`), seeAsked],
    ['POST /orders/{id}/refunds', 14, () => root.post(`/v1/orders/${id}/refunds`, { items, reason: 'Broken.' })],
    ['POST /orders/{id}/cancel', 13, () => bob.post(`/v1/orders/${other}/cancel`)],
    ['an order', 3, () => bob.get(`/v1/orders/${id}`)],
  ];
  expect(await overBudget(w, budgets, routes)).toEqual([]);
});
