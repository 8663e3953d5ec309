import { beforeAll, expect, test } from 'vitest';
import type { Sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { openPlans, type PlansOf } from '../../../test/explained-plans.ts';
import { type World, world } from '../../../test/world.ts';
import { hasOpenReturns, shipmentsTo } from './account-life.ts';
import { dueOrders } from './complete-shipments.ts';
import { orderOfShipment, orderWith } from './order.ts';
import { returnsOf } from './return.ts';
import { findShipment, shipmentsPage } from './shipment.ts';

/** With 100,000 orders on their way, everything that is asked uses an index. */

let w: World;
let plansOf: PlansOf;

beforeAll(async () => {
  w = await world();
  const opened = await openPlans(w);
  plansOf = opened.plansOf;
  await opened.client.query(`
    set session_replication_role = replica;
    insert into fulfilment.orders (order_id, buyer, payment, currency, version, finished_version, created_at)
      select md5('order' || n)::uuid, md5('buyer' || n % 10000)::uuid, 'wallet', 'USD', 1, 1, now() from generate_series(1, 100000) as n;
    insert into fulfilment.shipments (id, order_id, seller_id, state, warehouse, carrier, amount, created_at, delivered_at, complete_at, delivered_version)
      select md5('shipment' || n)::uuid, md5('order' || n)::uuid, md5('seller' || n % 100)::uuid, case when n % 10 = 0 then 'placed' else 'delivered' end,
        'nova', 'couriers', 100, now() - n * interval '1 second', case when n % 10 > 0 then now() end, case when n % 10 > 0 then now() + n * interval '1 second' end,
        case when n % 10 > 0 then 1 end
      from generate_series(1, 100000) as n;
    insert into fulfilment.lines (shipment_id, variant_id, line, product_id, name, options, quantity, unit_price, commission)
      select id, gen_random_uuid(), 0, gen_random_uuid(), 'Lamp', '{}', 1, 100, 5 from fulfilment.shipments;
    insert into fulfilment.steps (shipment_id, reached, version, at, by_kind) select id, 'packed', 2, now(), 'staff' from fulfilment.shipments;
    insert into fulfilment.returns (id, order_id, shipment_id, buyer, state, lines, requested_at, decided_at)
      select gen_random_uuid(), order_id, id, md5('buyer' || n % 10000)::uuid, case when n % 100 = 0 then 'requested' else 'refused' end, '[]', now(),
        case when n % 100 > 0 then now() end
      from (select *, row_number() over () as n from fulfilment.shipments) as s;
    analyze fulfilment.orders, fulfilment.shipments, fulfilment.lines, fulfilment.steps, fulfilment.returns`);
}, 120_000);

const page = { state: undefined, after: null, rows: 21 };
const after = { at: new Date().toISOString(), id: newId() };
const QUESTIONS: Record<string, () => Sql> = {
  'an order with its shipments': () => orderWith(newId()),
  'the order of a shipment': () => orderOfShipment(newId()),
  'a shipment for its seller': () => findShipment(newId(), { seller: newId() }),
  'a shipment for a partner': () => findShipment(newId(), { partner: 'nova' }),
  'the shipments of a seller': () => shipmentsPage({ ...page, reader: { seller: newId() } }),
  'the next page of a seller': () => shipmentsPage({ ...page, reader: { seller: newId() }, after }),
  'the shipments of a partner': () => shipmentsPage({ ...page, reader: { partner: 'nova' } }),
  'the placed shipments of a partner': () => shipmentsPage({ ...page, reader: { partner: 'nova' }, state: 'placed' }),
  'the shipments of all': () => shipmentsPage({ ...page, reader: 'all' }),
  'orders to be completed': () => dueOrders(new Date()),
  'the returns of an order': () => returnsOf(newId(), newId(), { after: newId(), rows: 21 }),
  'what was sent to an account': () => shipmentsTo(newId()),
  'open returns of an account': () => hasOpenReturns(newId()),
};

test.each([
  ['shipments_open_by_seller', { seller: newId() }],
  ['shipments_open_by_warehouse', { partner: 'nova' }],
  ['shipments_open', 'all'],
] as const)('who polls for placed shipments reads those alone: %s', async (index, reader) => {
  for (const plan of await plansOf(shipmentsPage({ ...page, reader, state: 'placed' }))) {
    expect(plan).toMatch(new RegExp(`using ${index} `));
    expect(plan).toMatch(/state = 'placed'/);
  }
});

test.each(Object.entries(QUESTIONS))('%s', async (_, question) => {
  for (const plan of await plansOf(question())) {
    expect(plan).not.toMatch(/Seq Scan/);
    expect(plan).toMatch(/Index/);
  }
});
