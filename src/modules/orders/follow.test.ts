import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { systemScope } from '#kernel/runtime.ts';
import { type Order, type ShipmentState, shipmentStates, stateOfShipments } from '#orders';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { blockersOf } from './closed-account.ts';
import type { Orders } from './context.ts';

let w: World;
let sue: Person;
let bob: Person;
let staff: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
  bob = await w.buyer('bob', { balance: usd(900_00) });
  staff = await w.admin();
});

const AT = '2026-11-27T10:00:00.000Z';
const items = (...products: string[]) => ({ items: products.map((productId) => ({ productId, quantity: 2 })) });

interface Bought {
  id: string;
  lamp: string;
  variantId: string;
  /** Says where the shipments are, one for each seller. */
  follow(version: number, states: ShipmentState[], more?: object): Promise<Order>;
}

/** An order of one lamp of each seller, two of each. */
async function bought(sellers: Person[] = [sue]): Promise<Bought> {
  const lamps: string[] = [];
  for (const seller of sellers) lamps.push(await seller.lists({ price: usd(5_00), stock: 9 }));
  const placed = await bob.post('/v1/orders', items(...lamps));
  const { id } = placed.body;
  const shipments = sellers.map((seller) => ({
    id: newId(),
    sellerId: seller.id,
    carrier: null,
    tracking: null,
    deliveredAt: null,
    refunded: 0,
  }));
  const follow: Bought['follow'] = (version, states, more) =>
    w.ask('orders', 'follow', {
      orderId: id,
      version,
      shipments: shipments.map((shipment, index) => ({ ...shipment, state: states[index] })),
      refundedItems: [],
      steps: [],
      ...more,
    });
  return { id, lamp: lamps[0]!, variantId: placed.body.items[0].variantId, follow };
}

const step = (state: ShipmentState, kind: string, id: string | null, more: object = {}) => ({
  id: newId(),
  shipmentId: null,
  state,
  at: AT,
  by: { kind, id },
  ...more,
});

describe('the state of an order', () => {
  const closed: readonly ShipmentState[] = ['cancelled', 'returned', 'refunded'];
  const advance: readonly ShipmentState[] = ['placed', 'packed', 'shipped', 'delivered', 'completed'];

  /** The rule, said another way than the code says it. */
  function expected(shipments: ShipmentState[]): ShipmentState {
    const open = shipments.filter((state) => !closed.includes(state)).map((state) => advance.indexOf(state));
    if (open.length > 0) return advance[Math.min(...open)]!;
    if (shipments.includes('refunded')) return 'refunded';
    return shipments.includes('returned') ? 'returned' : 'cancelled';
  }

  test('follows from its shipments, in all combinations of four', () => {
    let combinations: ShipmentState[][] = [[]];
    for (let count = 1; count <= 4; count++) {
      combinations = combinations.flatMap((before) => shipmentStates.map((state) => [...before, state]));
      for (const shipments of combinations) expect(stateOfShipments(shipments), shipments.join()).toBe(expected(shipments));
    }
    expect(combinations).toHaveLength(8 ** 4);
    expect(stateOfShipments(['cancelled', 'packed', 'refunded', 'delivered'])).toBe('packed');
    expect([
      stateOfShipments(['cancelled']),
      stateOfShipments(['cancelled', 'returned']),
      stateOfShipments(['returned', 'refunded']),
    ]).toEqual(['cancelled', 'returned', 'refunded']);
  });

  /** Every way that shipments can go leads an order along a way of its machine: else the database would refuse it. */
  test('goes only where its machine says, whatever two shipments do', async () => {
    const next: Record<ShipmentState, ShipmentState[]> = {
      placed: ['packed', 'cancelled', 'refunded'],
      packed: ['shipped', 'delivered', 'refunded'],
      shipped: ['delivered', 'refunded'],
      delivered: ['completed', 'returned', 'refunded'],
      completed: ['returned', 'refunded'],
      cancelled: [],
      returned: [],
      refunded: [],
    };
    const ends = (from: ShipmentState): ShipmentState[] => [...new Set([from, ...next[from].flatMap(ends)])];
    const pairs = shipmentStates.flatMap((one) => shipmentStates.map((two): [ShipmentState, ShipmentState] => [one, two]));
    const steps = new Set(
      pairs.flatMap(([one, two]) =>
        ends(one).flatMap((later) => ends(two).map((other) => `${stateOfShipments([one, two])}>${stateOfShipments([later, other])}`)),
      ),
    );
    const [{ definition }] = (await w.sql<{ definition: string }>(
      "select pg_get_triggerdef(oid) as definition from pg_trigger where tgrelid = 'orders.orders'::regclass and tgname = 'states'",
    )) as [{ definition: string }];
    for (const way of steps) {
      const [from, to] = way.split('>');
      if (from !== to) expect(definition, way).toContain(`'${way}'`);
    }
  });
});

describe('an order that follows its shipments', () => {
  test('shows them, who did each step when, and what was refunded', async () => {
    const { id, variantId, follow } = await bought([sue, staff]);
    const shipmentId = newId();
    const steps = [
      step('placed', 'system', null),
      step('packed', 'partner', 'tunis warehouse', { shipmentId }),
      step('shipped', 'staff', staff.id, { note: 'The box is old.' }),
    ];
    const refundedItems = [{ variantId, quantity: 1 }];

    const told = await follow(1, ['shipped', 'packed'], { steps, refundedItems });

    const shown = (await bob.get(`/v1/orders/${id}`)).body;
    expect(shown).toMatchObject({
      state: 'packed',
      items: [{ quantity: 2, refundedQuantity: 1 }, { refundedQuantity: 0 }],
      shipments: [
        { state: 'shipped', seller: { id: sue.id, username: 'sue' }, carrier: null, tracking: null, deliveredAt: null, refunded: usd(0) },
        { state: 'packed' },
      ],
    });
    expect(shown.timeline).toEqual([
      { state: 'placing', at: shown.createdAt, by: { kind: 'buyer' }, shipmentId: null },
      { state: 'placed', at: expect.any(String), by: { kind: 'system' }, shipmentId: null },
      { state: 'packed', at: AT, by: { kind: 'partner' }, shipmentId },
      { state: 'shipped', at: AT, by: { kind: 'staff' }, shipmentId: null },
    ]);
    const seenByStaff = (await staff.get(`/v1/orders/${id}`)).body;
    expect(seenByStaff.timeline.map(({ by }: { by: { id?: string } }) => by.id)).toEqual([bob.id, undefined, 'tunis warehouse', staff.id]);
    expect(told).toEqual(seenByStaff);
    expect(await w.ask('orders', 'view', { orderId: id })).toEqual(seenByStaff);
    expect((await bob.get('/v1/orders?limit=1')).body.items).toEqual([shown]);
    expect((await bob.get('/v1/customers/bob/purchases?limit=1')).body.items).toEqual([shown]);
    expect((await bob.get('/v1/orders?limit=1&state=packed')).body.items).toEqual([shown]);
    expect(await w.statements(() => bob.get(`/v1/orders/${id}`))).toHaveLength(2);
    expect(await w.statements(() => bob.get('/v1/orders'))).toHaveLength(2);
  });

  test('is changed by no older version and by no repetition, but never loses a step', async () => {
    const { id, follow } = await bought();
    const [packed, shipped] = [step('packed', 'seller', sue.id), step('shipped', 'seller', sue.id)];
    await follow(3, ['shipped'], { steps: [shipped] });
    await Promise.all(Array.from({ length: 10 }, () => follow(3, ['shipped'], { steps: [shipped] })));

    const late = await follow(2, ['packed'], { steps: [{ ...packed, at: '2026-11-27T09:00:00.000Z' }] });

    expect(late.state).toBe('shipped');
    const { state, timeline } = (await bob.get(`/v1/orders/${id}`)).body;
    expect([state, timeline.slice(2).map((one: { state: string }) => one.state)]).toEqual(['shipped', ['packed', 'shipped']]);
    await expect(follow(4, ['placed'])).rejects.toMatchObject({ constraint: 'states' });
  });

  test('must have been placed', async () => {
    const poor = await w.buyer('poor', { balance: usd(1) });
    await poor.post('/v1/orders', items(await sue.lists({ price: usd(5_00) })));
    const { id } = (await poor.get('/v1/orders')).body.items[0];
    const { follow } = await bought();
    for (const orderId of [id, newId()]) await expect(follow(1, ['packed'], { orderId })).rejects.toThrow('was not placed');
    for (const [orderId, state] of [
      [id, 'rejected'],
      [newId(), undefined],
    ] as const) {
      expect(await w.ask('orders', 'placedOrder', { orderId })).toBeNull();
      expect((await w.ask<Order | null>('orders', 'view', { orderId }))?.state).toBe(state);
      expect(await w.ask('orders', 'deliveryAddress', { orderId })).toBeNull();
    }
  });

  test('tells the modules above how it was placed, and where it goes', async () => {
    const lamp = await sue.lists({ name: 'Desk lamp', price: usd(10_01), stock: 5 });
    const shippingAddress = { street: 'Rue de Marseille 1', city: 'Tunis', country: 'TN' };
    const { id, items: lines, timeline } = (await bob.post('/v1/orders', { ...items(lamp), shippingAddress })).body;
    expect(await w.ask('orders', 'placedOrder', { orderId: id })).toEqual({
      orderId: id,
      channel: null,
      buyer: bob.id,
      payment: 'wallet',
      currency: 'USD',
      total: 20_02,
      placedAt: timeline[1].at,
      shares: [{ payee: sue.id, amount: 20_02, commission: 1_00 }],
      lines: [
        { productId: lamp, variantId: lines[0].variantId, sellerId: sue.id, name: 'Desk lamp', options: {}, quantity: 2, unitPrice: 10_01 },
      ],
    });
    expect(await w.ask('orders', 'deliveryAddress', { orderId: id })).toEqual(shippingAddress);
  });
});

test.each<[ShipmentState, { bought: boolean; buyer: boolean; seller: boolean }]>([
  ['placed', { bought: true, buyer: true, seller: true }],
  ['packed', { bought: true, buyer: true, seller: true }],
  ['shipped', { bought: true, buyer: true, seller: true }],
  ['delivered', { bought: true, buyer: false, seller: true }],
  ['completed', { bought: true, buyer: false, seller: false }],
  ['returned', { bought: true, buyer: false, seller: false }],
  ['cancelled', { bought: false, buyer: false, seller: false }],
  ['refunded', { bought: false, buyer: false, seller: false }],
])('what is %s counts as bought, and keeps accounts from closing, as %o', async (state, expected) => {
  const [kim, sid] = [await w.buyer(`kim-${state}`, { balance: usd(50_00) }), await w.seller(`sid-${state}`)];
  const lamp = await sid.lists({ price: usd(5_00), stock: 9 });
  const { id } = (await kim.post('/v1/orders', items(lamp))).body;
  const shipment = { id: newId(), sellerId: sid.id, state, carrier: null, tracking: null, deliveredAt: null, refunded: 0 };
  const other = { ...shipment, id: newId(), sellerId: newId(), state: 'delivered' };
  for (const shipments of [[shipment], [shipment, other]])
    await w.ask('orders', 'follow', { orderId: id, version: shipments.length, shipments, refundedItems: [], steps: [] }).catch(() => {});
  const ctx = w.souk.runtime.context('orders', systemScope) as Orders;
  const isKept = async ({ id: accountId }: Person) => (await blockersOf(ctx, { accountId })).length > 0;
  expect({
    bought: (await w.ask<{ bought: boolean }>('orders', 'hasBought', { buyer: kim.id, productId: lamp })).bought,
    buyer: await isKept(kim),
    seller: await isKept(sid),
  }).toEqual(expected);
});

test('what was written about the steps of an order is forgotten with the account of its buyer, or of its writer', async () => {
  const { follow } = await bought();
  const writer = newId();
  await follow(1, ['shipped'], {
    steps: [step('packed', 'staff', writer, { note: 'Old box.' }), step('shipped', 'staff', newId(), { note: 'Wet.' })],
  });
  const notes = () => w.sql("select note from orders.steps where note in ('Old box.', 'Wet.')");
  await w.ask('orders', 'life.forget', { accountId: writer });
  expect(await notes()).toEqual([{ note: 'Wet.' }]);
  await w.ask('orders', 'life.forget', { accountId: bob.id });
  expect(await notes()).toEqual([]);
});
