import { beforeAll, expect, test } from 'vitest';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

/** What the database refuses by itself, whatever the code does. */

let w: World;
let order: string;

beforeAll(async () => {
  w = await world();
  const [sue, bob, root]: Person[] = [await w.seller('sue'), await w.buyer('bob', { balance: usd(90_00) }), await w.admin()];
  const lamp = await sue!.lists({ name: 'Lamp', price: usd(10_00), stock: 9 });
  order = (await bob!.post('/v1/orders', { items: [{ productId: lamp, quantity: 3 }] })).body.id;
  for (const step of ['packed', 'delivered']) await root!.post(`/v1/orders/${order}/${step}`);
  const one = { items: [{ productId: lamp, quantity: 1 }], reason: 'Broken.' };
  for (const reply of [await root!.post(`/v1/orders/${order}/refunds`, one), await bob!.post(`/v1/orders/${order}/returns`, one, KEY)])
    expect(reply.status, JSON.stringify(reply.body)).toBe(200);
});

const KEY = { 'idempotency-key': 'once' };

const shipment = (columns: string, values: string) =>
  `insert into fulfilment.shipments (id, order_id, seller_id, created_at, ${columns})
   select gen_random_uuid(), order_id, gen_random_uuid(), now(), ${values} from fulfilment.orders`;
const line = (quantity: number, price: number, commission: number) =>
  `insert into fulfilment.lines (shipment_id, variant_id, line, product_id, name, options, quantity, unit_price, commission)
   select id, gen_random_uuid(), 9, gen_random_uuid(), 'x', '{}', ${quantity}, ${price}, ${commission} from fulfilment.shipments`;
const again = (table: string, change: string) =>
  `insert into fulfilment.${table} select (jsonb_populate_record(r, ${change})).* from fulfilment.${table} as r`;
const NEW_ID = `jsonb_build_object('id', gen_random_uuid())`;

const REFUSED: [constraint: string, statement: string][] = [
  ['units_not_exceeded', 'update fulfilment.lines set refunded = 3'],
  ['units_not_exceeded', 'update fulfilment.lines set requested = 3'],
  ['units_not_exceeded', 'update fulfilment.lines set returned = 2'],
  ['units_not_exceeded', 'update fulfilment.lines set requested = -1'],
  ['lines_quantity_check', line(0, 1, 0)],
  ['lines_unit_price_check', line(1, -1, 0)],
  ['lines_commission_check', line(1, 1, -1)],
  ['money_not_exceeded', 'update fulfilment.shipments set refunded = amount + 1'],
  ['money_not_exceeded', 'update fulfilment.shipments set refunded = -1'],
  ['shipments_check', shipment('state, amount', `'delivered', 1`)],
  ['shipments_check1', 'update fulfilment.shipments set complete_at = null'],
  ['shipments_state_check', shipment('state, amount, delivered_at, complete_at, delivered_version', `'lost', 1, now(), now(), 1`)],
  ['shipments_order_id_seller_id_key', again('shipments', NEW_ID)],
  ['orders_payment_check', `update fulfilment.orders set payment = 'credit'`],
  ['orders_check', 'update fulfilment.orders set finished_version = version + 1'],
  ['orders_check1', 'update fulfilment.orders set lease_until = now()'],
  ['steps_by_kind_check', `update fulfilment.steps set by_kind = 'ghost'`],
  ['steps_pkey', again('steps', `'{}'`)],
  ['returns_check', 'update fulfilment.returns set decided_at = now()'],
  ['returns_state_check', again('returns', `${NEW_ID} || '{"state":"lost","decided_at":"2026-01-01","idempotency_key":null}'`)],
  ['returns_once', again('returns', NEW_ID)],
  ['refunds_cause_check', `update fulfilment.refunds set cause = 'mercy'`],
  ['refunds_amount_check', 'update fulfilment.refunds set amount = -1'],
  ['refunds_check', 'update fulfilment.refunds set commission = amount + 1'],
  ['refunds_once', again('refunds', NEW_ID)],
];

test.each(REFUSED)('%s: %s', async (constraint, statement) => {
  await expect(w.sql(statement)).rejects.toMatchObject({ constraint });
});

/** Left out is one that never acts alone: an amount below zero is below what was refunded. */
test('no check and no unique key of these tables is without its case', async () => {
  const names = await w.sql<{ name: string }>(`
    select conname as name from pg_constraint where connamespace = 'fulfilment'::regnamespace and contype in ('c', 'u') and conname <> 'shipments_amount_check'
    union select indexrelid::regclass::text from pg_index join pg_class on pg_class.oid = indrelid
    where relnamespace = 'fulfilment'::regnamespace and indisunique and not indisprimary and indpred is not null`);
  const cases = new Set(REFUSED.map(([constraint]) => constraint));
  expect(names.map(({ name }) => name.replace('fulfilment.', '')).filter((name) => !cases.has(name))).toEqual([]);
});
