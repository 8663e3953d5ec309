import { afterEach, beforeAll, expect, test } from 'vitest';
import { days, minutes } from '#kernel/clock.ts';
import type { Actor } from '#kernel/context.ts';
import { newId } from '#kernel/ids.ts';
import { systemScope } from '#kernel/runtime.ts';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { cancelOrder } from './cancel-order.ts';
import type { FulfilmentContext } from './context.ts';
import { openShipments } from './open-shipments.ts';
import { refundUnits } from './refund-units.ts';
import { takeStep } from './take-step.ts';

/** Where modules run in several processes, each step commits by itself. What stops in the middle is finished by the timer. */

let w: World;
let sue: Person;
let bob: Person;
let lamp: string;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
  bob = await w.buyer('bob', { balance: usd(900_00) });
  lamp = await sue.lists({ name: 'Lamp', price: usd(10_00), stock: 100 });
  await w.sql(`create function public.away() returns trigger language plpgsql as $$ begin raise exception 'away'; end $$`);
});

/** The context of staff in a process that has none of the other modules. */
function apart(): FulfilmentContext {
  const actor: Actor = { ...systemScope.actor, kind: 'user', permissions: new Set(['orders:pack', 'orders:ship', 'orders:deliver']) };
  const ctx = w.souk.runtime.context('fulfilment', { ...systemScope, actor });
  const alone = { ...ctx, isTogether: false, together: <T>(work: (inner: never) => Promise<T>) => work(alone as never) };
  return alone as unknown as FulfilmentContext;
}

/** Modules, and the note that all of them have followed. */
const AWAY = { wallet: 'wallet.journals', orders: 'orders.orders', inventory: 'inventory.movements', note: 'fulfilment.orders' } as const;

/** As long as `work` takes, nothing can be written in a module: as if its process had been killed. */
async function without(module: keyof typeof AWAY, work: () => Promise<unknown>): Promise<void> {
  const written =
    module === 'note' ? 'update on fulfilment.orders for each row when (new.version = old.version)' : `insert or update on ${AWAY[module]}`;
  await w.sql(`create trigger away before ${written} execute function public.away()`);
  await expect(work()).rejects.toThrow('away');
  await w.sql(`drop trigger away on ${AWAY[module]}`);
}

const places = async (quantity: number, payment = 'wallet'): Promise<string> => {
  const { id } = (await bob.post('/v1/orders', { items: [{ productId: lamp, quantity }], payment })).body;
  await w.step();
  return id;
};
const orderOf = async (id: string) => (await bob.get(`/v1/orders/${id}`)).body;
const stock = async () => (await w.get(`/v1/products/${lamp}`)).body.stock as number;
const owed = async () =>
  (await w.sql<{ balance: number }>("select balance::int from wallet.accounts where owner = $1 and purpose = 'payable'", [sue.id]))[0]
    ?.balance ?? 0;
const unfinished = () => w.sql('select order_id from fulfilment.orders where lease_until is not null');
/** Two processes find the lease over at once. */
const leasesEnd = async (ms = 11_000) => {
  w.clock.advance(ms);
  const other = await w.sibling();
  await Promise.all([w.step(), other.step()]);
};

afterEach(async () => {
  expect(await unfinished()).toEqual([]);
  expect(await w.ask('wallet', 'prove', { full: true })).toMatchObject({ ok: true });
});

test.each(['wallet', 'orders'] as const)('a delivery whose %s did not follow is finished by the timer, once', async (module) => {
  const [id, before] = [await places(2), await owed()];
  await takeStep(apart(), 'pack', id, {});
  await without(module, () => takeStep(apart(), 'deliver', id, { tracking: 'TN-1' }));
  expect((await orderOf(id)).state).toBe('packed');
  expect(await unfinished()).toEqual([{ order_id: id }]);
  await w.step();
  expect((await orderOf(id)).state).toBe('packed'); // its process may still be at it
  w.clock.advance(5000);
  const gauge = async () => Number(/^souk_fulfilment_unfinished_seconds\S* (\S+)$/m.exec((await w.get('/metrics')).body)?.[1]);
  const { told } = await w.ask<{ told: { text: string }[] }>('fulfilment', 'explain.order', { id, shipments: [] });
  expect(told.at(-1)?.text).toBe('version 3 of the shipments has not followed yet, only 2: it is tried again');
  await expect.poll(gauge, { timeout: 5000 }).toBeGreaterThanOrEqual(5);
  await leasesEnd();
  expect(await orderOf(id)).toMatchObject({ state: 'delivered', shipments: [{ tracking: 'TN-1' }] });
  expect((await orderOf(id)).timeline.map((moment: { state: string }) => moment.state)).toEqual([
    'placing',
    'placed',
    'packed',
    'shipped',
    'delivered',
  ]);
  expect(await owed()).toBe(before + 2 * 9_50);
});

test.each(['wallet', 'orders', 'inventory', 'note'] as const)(
  'a cancellation whose %s did not follow gives back everything, once',
  async (module) => {
    const [money, units] = [await bob.balance(), await stock()];
    const id = await places(3);
    await without(module, () => cancelOrder(apart(), id, bob.id, {}));
    await leasesEnd();
    expect([await bob.balance(), await stock(), (await orderOf(id)).state]).toEqual([money, units, 'cancelled']);
  },
);

test('a cancellation after a refund of some units brings back the others, and what is refunded already comes back no more', async () => {
  const [money, units] = [await bob.balance(), await stock()];
  const id = await places(3);
  const root = await w.person('root', ['admin']);
  await root.post(`/v1/orders/${id}/refunds`, { items: [{ productId: lamp, quantity: 2 }], reason: 'Broken.' });
  const cancelled = await bob.post(`/v1/orders/${id}/cancel`);
  expect(cancelled).toMatchObject({ status: 200, body: { state: 'cancelled', items: [{ refundedQuantity: 3 }] } });
  await w.step();
  expect([await bob.balance(), await stock()]).toEqual([money, units]);
});

test('a key of a return is that of its buyer: another buyer with the same key returns something else', async () => {
  const root = await w.person('root', ['admin']);
  for (const buyer of [bob, await w.buyer('ben', { balance: usd(90_00) })]) {
    const { id } = (await buyer.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body;
    for (const step of ['packed', 'delivered']) await root.post(`/v1/orders/${id}/${step}`);
    const back = { items: [{ productId: lamp, quantity: 1 }], reason: 'Too bright.' };
    const call = () => buyer.post(`/v1/orders/${id}/returns`, back, { 'idempotency-key': 'a-return' });
    const [first, again] = [await call(), await call()];
    expect([first, again].map(({ status, headers }) => [status, headers.get('idempotent-replayed')])).toEqual([
      [200, null],
      [200, 'true'],
    ]);
    expect((await buyer.get(`/v1/orders/${id}/returns`)).body.items).toHaveLength(1);
  }
});

test('a call that is repeated finishes what the first one left', async () => {
  const [money, units] = [await bob.balance(), await stock()];
  const id = await places(3);
  await without('orders', () => cancelOrder(apart(), id, bob.id, {}));
  expect(await cancelOrder(apart(), id, bob.id, {})).toMatchObject({ state: 'cancelled', items: [{ refundedQuantity: 3 }] });
  expect([await bob.balance(), await stock()]).toEqual([money, units]);
});

test('what comes on top of an unfinished step finishes both; cash that was collected late is what was due at the door', async () => {
  const [money, before] = [(await bob.balance()).amount, await owed()];
  const id = await places(3, 'cash_on_delivery');
  await takeStep(apart(), 'pack', id, {});
  await without('wallet', () => takeStep(apart(), 'deliver', id, {}));
  const [line] = (await orderOf(id)).items;
  await refundUnits(apart(), id, { items: [{ variantId: line.variantId, quantity: 1 }], reason: 'Broken.' }, undefined);
  expect([(await orderOf(id)).state, (await bob.balance()).amount, await owed()]).toEqual(['delivered', money + 10_00, before + 2 * 9_50]);
});

test('what fails again is tried again later each time', async () => {
  const id = await places(1);
  await w.sql(`create trigger away before insert on ${AWAY.wallet} execute function public.away()`);
  await expect(cancelOrder(apart(), id, bob.id, {})).rejects.toThrow('away');
  for (let attempt = 0; attempt < 3; attempt++) await leasesEnd(41_000);
  const [row] = await w.sql<{ attempts: number; seconds: number }>(
    'select attempts, extract(epoch from lease_until - $1::timestamptz)::float8 as seconds from fulfilment.orders where order_id = $2',
    [w.clock.now(), id],
  );
  expect(row?.attempts).toBe(3);
  expect(row?.seconds).toBeGreaterThan(30);
  expect(row?.seconds).toBeLessThanOrEqual(40);
  await w.sql(`drop trigger away on ${AWAY.wallet}`);
  await leasesEnd(20_000);
  expect((await orderOf(id)).state).toBe('placed');
  await leasesEnd(21_000);
  expect((await orderOf(id)).state).toBe('cancelled');
});

test('an order whose shipments were made, and not told, is shown with them after the lease', async () => {
  const { id } = (await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body;
  await without('orders', () => openShipments(apart(), { orderId: id }));
  expect((await orderOf(id)).shipments).toEqual([]);
  await leasesEnd();
  expect((await orderOf(id)).shipments).toMatchObject([{ state: 'placed' }]);
});

test('an order from before there were shipments gets them, and prevents nobody from leaving for ever', async () => {
  const [id, pia] = [newId(), await w.buyer('pia')];
  await w.sql(
    `insert into orders.orders (id, buyer, placed_by, state, payment, currency, total, shares, lease_until, created_at, decided_at)
     values ($1, $2, $2, 'placed', 'cash_on_delivery', 'USD', 2000, $3, now(), now(), now() - interval '400 days')`,
    [id, pia.id, JSON.stringify([{ payee: sue.id, amount: 2000, commission: 100 }])],
  );
  await w.sql(
    `insert into orders.lines (order_id, line, product_id, variant_id, seller_id, name, options, quantity, unit_price)
     select $1, 0, product_id, variant_id, seller_id, name, options, 2, 1000 from orders.lines where product_id = $2 limit 1`,
    [id, lamp],
  );
  const closing = async () => (await w.ask<{ blockers: string[] }>('orders', 'life.blockers', { accountId: pia.id })).blockers;
  expect(await closing()).toEqual(['orders']);
  await leasesEnd(61_000);
  const { items } = (await (await w.person('sue')).get('/v1/shipments?state=placed')).body;
  expect(items).toContainEqual(expect.objectContaining({ orderId: id }));
  expect(await (await w.person('pia')).post(`/v1/orders/${id}/cancel`)).toMatchObject({ status: 200, body: { state: 'cancelled' } });
  expect(await closing()).toEqual([]);
});

test.each([true, false])(
  'a refund of some units is in the timeline, once, and of all units the shipment has ended (together: %s)',
  async (isTogether) => {
    const [id, root] = [await places(3), await w.person('root', ['admin'])];
    bob = await w.person('bob');
    const refund = (quantity: number) => {
      const body = { items: [{ productId: lamp, quantity }], reason: 'Broken.' };
      return isTogether ? root.post(`/v1/orders/${id}/refunds`, body) : refundUnits(apart(), id, body, undefined);
    };
    await refund(1);
    if (isTogether) await root.post(`/v1/orders/${id}/packed`);
    else {
      await takeStep(apart(), 'pack', id, {});
      await without('orders', () => refund(1));
      await leasesEnd();
      await leasesEnd();
    }
    if (isTogether) await refund(1);
    const { shipments, timeline, items } = await orderOf(id);
    const part = { amount: usd(10_00), items: [{ variantId: items[0].variantId, quantity: 1 }] };
    const [shipmentId, by] = [shipments[0].id, { kind: 'staff' }];
    expect(timeline.slice(2).map(({ at, ...rest }: { at: string }) => rest)).toEqual([
      { state: 'placed', by, shipmentId, refund: part },
      { state: 'packed', by, shipmentId },
      { state: 'packed', by, shipmentId, refund: part },
    ]);
    await refund(1);
    expect((await orderOf(id)).timeline.slice(5)).toMatchObject([{ state: 'refunded' }]);
    expect((await orderOf(id)).timeline).toHaveLength(6);
    const { told } = await w.ask<{ told: { text: string }[] }>('fulfilment', 'explain.order', { id, shipments: [] });
    expect(told.filter(({ text }) => /^1 of .* taken out of the sale by refund, staff/.test(text))).toHaveLength(3);
  },
);

test('returns are listed page by page, oldest first', async () => {
  const [id, root] = [await places(3), await w.person('root', ['admin'])];
  bob = await w.person('bob');
  for (const step of ['packed', 'delivered']) await root.post(`/v1/orders/${id}/${step}`);
  const path = `/v1/orders/${id}/returns`;
  for (const reason of ['one', 'two', 'three']) await bob.post(path, { items: [{ productId: lamp, quantity: 1 }], reason });
  const first = await bob.get(`${path}?limit=2`);
  const second = await bob.get(`${path}?limit=2&cursor=${first.body.nextCursor}`);
  const reasons = ({ body }: typeof first) => body.items.map(({ reason }: { reason: string }) => reason);
  expect([reasons(first), reasons(second), second.body.nextCursor]).toEqual([['one', 'two'], ['three'], null]);
  expect((await bob.get(path)).body.nextCursor).toBeNull();
  expect(await bob.get(`${path}?limit=0`)).toBeProblem(422, 'invalid');
});

test('what can never be completed or opened is tried later each time, and holds up nothing else', async () => {
  const [stuck, other, root] = [await places(1), await places(1), await w.person('root', ['admin'])];
  for (const id of [stuck, other]) for (const step of ['packed', 'delivered']) await root.post(`/v1/orders/${id}/${step}`);
  await w.sql(`create trigger away before insert on fulfilment.steps for each row when (new.reached = 'completed' and new.shipment_id =
    '${(await orderOf(stuck)).shipments[0].id}') execute function public.away()`);
  const due = async () =>
    (
      await w.sql<{ complete_at: Date }>('select complete_at from fulfilment.shipments where order_id = $1', [stuck])
    )[0]!.complete_at.getTime();
  w.clock.advance(days(3) + 1);
  const pauses: number[] = [];
  for (let turn = 0; turn < 3; turn++) {
    await w.step();
    pauses.push(Math.round(((await due()) - w.clock.now().getTime()) / minutes(1)));
    w.clock.advance(Math.max(0, (await due()) - w.clock.now().getTime()) + minutes(5));
  }
  expect(pauses).toEqual([5, 10, 20]);
  await w.sql('drop trigger away on fulfilment.steps');
  bob = await w.person('bob');
  expect((await orderOf(other)).state).toBe('completed');
  w.clock.advance(minutes(5));
  await w.step();
  expect((await orderOf(stuck)).state).toBe('completed');

  const placed = await Promise.all(
    [1, 2].map(async () => (await bob.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] })).body.id),
  );
  const missed = async () => {
    const placedBefore = w.clock.now().toISOString();
    return (await w.ask<{ orderIds: string[] }>('orders', 'withoutShipments', { placedBefore, limit: 1 })).orderIds;
  };
  w.clock.advance(1000);
  expect([...(await missed()), ...(await missed())].sort()).toEqual(placed.sort());
  expect(await missed()).toEqual([]);
  w.clock.advance(minutes(1) + 1);
  expect([...(await missed()), ...(await missed())].sort()).toEqual(placed.sort());
  w.clock.advance(minutes(1) + 1);
  expect(await missed()).toEqual([]);
  await w.step();
});
