import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULTS, type Invariants, openInvariants, UNFINISHED } from './kill-invariants.ts';
import { usd } from './people.ts';
import { world } from './world.ts';

let books: Invariants;

/** A shop that has seen a purchase, a refusal and a charge, at rest. */
beforeAll(async () => {
  const w = await world();
  const lamp = await (await w.admin()).lists({ price: usd(20_00), stock: 3 });
  for (const [name, cents] of [
    ['bob', 100_00],
    ['pia', 1_00],
  ] as const) {
    const buyer = await w.buyer(name, { balance: usd(cents) });
    await buyer.post('/v1/orders', { items: [{ productId: lamp, quantity: 2 }] });
  }
  await w.step();
  const root = await w.admin();
  const [order] = (await root.get('/v1/orders?buyer=bob')).body.items;
  await root.post(`/v1/orders/${order.id}/packed`, {});
  const refund = { items: [{ productId: lamp, quantity: 1 }], reason: 'It broke.', restock: true };
  expect((await root.post(`/v1/orders/${order.id}/delivered`, {})).status).toBe(200);
  expect((await root.post(`/v1/orders/${order.id}/refunds`, refund)).status).toBe(200);
  await w.step();
  books = openInvariants(w.databaseUrl);
});

afterAll(() => books.close());

test('the books of a shop at rest are right', async () => {
  expect(await books.unfinished()).toEqual([]);
  expect(await books.faults()).toEqual([]);
});

/** Behind the back of every trigger, and undone afterwards: the books have one connection. */
const HARM: Record<string, string> = {
  'orders in state placing': "update orders.orders set state = 'placing', decided_at = null, refusal = null",
  'outbox rows that are due':
    'insert into kernel.outbox (id, kind, name, payload, created_at) select id, kind, name, payload, created_at from told.outbox',
  'jobs of the queues': "update pgboss.job set state = 'active' where name like 'catalog/%'",
  'placed orders without exactly their payment': 'update wallet.payments set amount = amount + 1',
  'payments that no placed order explains': "update orders.orders set state = 'placing', decided_at = null, refusal = null",
  'cancelled payments that were not given back whole': "update wallet.payments set state = 'cancelled'",
  'placed orders without exactly their stock': "update inventory.reservations set quantities = array[1] where state = 'taken'",
  'stock taken that no placed order explains': 'update inventory.reservations set key = gen_random_uuid()',
  'variants whose units on hand and sold are not what there was in the beginning, and what came back':
    'update inventory.levels set on_hand = on_hand - 1',
  'copies of stock in the catalog that differ from the levels': 'update catalog.variants set stock = stock + 1',
  'products that are listed as in stock, or as sold out, against the levels': 'update catalog.listings set in_stock = not in_stock',
  'decided orders that were not announced exactly once': 'delete from told.outbox',
  'keys with more than one order': `drop index orders.orders_once; update orders.orders set principal = 'one', idempotency_key = 'key'`,
  'wallets that differ from what was charged, bought and refunded':
    "update wallet.accounts set balance = balance + 1 where purpose = 'available'",
  'charges that succeeded without their journal, or the other way round': 'delete from wallet.journals',
  'orders whose money and stock have not followed': 'update fulfilment.orders set version = version + 1, lease_until = now()',
  'payouts that are not decided':
    "insert into wallet.payouts (id, owner, currency, amount, state, at, lease_until) values (gen_random_uuid(), 'sue', 'USD', 1, 'pending', now(), now())",
  'placed orders without their shipments': 'delete from fulfilment.shipments',
  'orders whose state does not follow from their shipments': "update orders.orders set state = 'shipped' where state = 'delivered'",
  'shipments that their order shows otherwise': "update orders.orders set shipments = '[]'",
  'steps that their order does not show, or shows twice': 'delete from orders.steps',
  'steps that were not announced exactly once': "delete from told.outbox where name = 'fulfilment.shipment-packed.v1'",
  'units that came back otherwise than was decided': 'delete from inventory.put_backs',
  'refunds whose money did not go back exactly once': "delete from wallet.journals where key like 'refund:%'",
  'shipments that are delivered and not owed to their seller, or the other way round': 'update wallet.payment_shares set delivered = null',
  'units that were refunded otherwise than the lines say': 'update fulfilment.lines set refunded = refunded + 1',
  'people who were not told exactly once of a step': "delete from notifications.notifications where kind = 'order-packed'",
  'dead letters': "update pgboss.job set name = 'dead-letters'",
};

describe('they notice', () => {
  test.each(Object.keys({ ...UNFINISHED, ...FAULTS }))('%s', async (what) => {
    await books.rows('begin');
    await books.rows('set local session_replication_role = replica');
    await books.rows(HARM[what]!);
    const found = [...(await books.unfinished()), ...(await books.faults())];
    await books.rows('rollback');

    expect(found.map((line) => line.replace(/^\d+ /, '').split(': ')[0])).toContain(what);
  });
});
