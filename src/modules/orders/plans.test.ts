import { beforeAll, expect, test } from 'vitest';
import { newId } from '#kernel/ids.ts';
import { openPlans, type PlansOf } from '../../../test/explained-plans.ts';
import { type World, world } from '../../../test/world.ts';
import { purchaseOf } from './has-bought.ts';
import { ordersWithoutShipments } from './tell-order.ts';

/** With 100,000 orders, what other modules ask uses an index. */

let w: World;
let plansOf: PlansOf;

beforeAll(async () => {
  w = await world();
  const opened = await openPlans(w);
  plansOf = opened.plansOf;
  await opened.client.query(`
    insert into orders.orders (id, buyer, placed_by, state, payment, currency, total, shares, lease_until, created_at, decided_at, version)
      select gen_random_uuid(), md5('buyer' || n % 10000)::uuid, md5('buyer' || n % 10000)::uuid, 'placed', 'wallet', 'USD', 100, '[]', now(), now(), now(),
        least(n - 1, 1)
      from generate_series(1, 100000) as n;
    insert into orders.lines (order_id, line, product_id, variant_id, seller_id, name, options, quantity, unit_price)
      select id, line, md5('product' || line)::uuid, gen_random_uuid(), gen_random_uuid(), 'Lamp', '{}', 1, 50 from orders.orders, generate_series(1, 2) as line;
    analyze orders.orders, orders.lines`);
}, 120_000);

test('whether somebody bought a product, even one that everybody buys', async () => {
  for (const plan of await plansOf(purchaseOf(newId(), newId()))) {
    expect(plan).not.toMatch(/Seq Scan/);
    expect(plan).toMatch(/orders_by_buyer/);
  }
});

test('which placed orders have no shipments', async () => {
  const [custom] = await plansOf(ordersWithoutShipments({ placedBefore: new Date().toISOString(), limit: 200, now: new Date() }));
  expect(custom).toMatch(/orders_without_shipments/);
});
