import { afterEach, beforeAll, expect, test } from 'vitest';
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

const AWAY = { wallet: 'wallet.journals', orders: 'orders.orders', inventory: 'inventory.movements' } as const;

/** As long as `work` takes, nothing can be written in a module: as if its process had been killed. */
async function without(module: keyof typeof AWAY, work: () => Promise<unknown>): Promise<void> {
  await w.sql(`create trigger away before insert or update on ${AWAY[module]} execute function public.away()`);
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

test.each(['wallet', 'orders', 'inventory'] as const)(
  'a cancellation whose %s did not follow gives back everything, once',
  async (module) => {
    const [money, units] = [await bob.balance(), await stock()];
    const id = await places(3);
    await without(module, () => cancelOrder(apart(), id, bob.id, {}));
    await leasesEnd();
    expect([await bob.balance(), await stock(), (await orderOf(id)).state]).toEqual([money, units, 'cancelled']);
  },
);

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
