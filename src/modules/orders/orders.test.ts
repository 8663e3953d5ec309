import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Person, tnd, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
});

const stockOf = async (product: string) => (await w.get(`/v1/products/${product}`)).body.stock as number;
const proofIsClean = async () => expect((await (await w.admin()).get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
const order = (productId: string, quantity = 1, more: object = {}) => ({ items: [{ productId, quantity }], payment: 'wallet', ...more });

describe('a purchase', () => {
  test('takes the money and the stock, and is remembered as it was', async () => {
    const lamp = await sue.lists({ name: 'Desk lamp', price: usd(20_00), stock: 3 });
    const bob = await w.buyer('bob', { balance: usd(50_00) });

    const placed = await bob.post('/v1/orders', order(lamp, 2));

    expect(placed.status).toBe(201);
    expect(placed.body).toMatchObject({
      state: 'placed',
      buyer: { id: bob.id, username: 'bob' },
      items: [{ productId: lamp, name: 'Desk lamp', quantity: 2, unitPrice: usd(20_00), total: usd(40_00) }],
      total: usd(40_00),
      payment: 'wallet',
      timeline: [{ state: 'placing' }, { state: 'placed' }],
    });
    const { items: audited } = (await (await w.admin()).get('/v1/audit?operation=postOrders&limit=1')).body;
    expect(audited).toMatchObject([{ outcome: 'done', status: 200, actor: { id: bob.id } }]);
    expect(await bob.balance()).toEqual(usd(10_00));
    expect(await stockOf(lamp)).toBe(1);
    await (await w.admin()).patch(`/v1/products/${lamp}`, { price: usd(99_00) });
    expect((await bob.get(`/v1/orders/${placed.body.id}`)).body).toEqual(placed.body);
    expect((await bob.get('/v1/orders')).body.items).toEqual([placed.body]);
    expect((await bob.get('/v1/customers/bob/purchases')).body.items).toEqual([placed.body]);
    await proofIsClean();
  });

  test('pays each seller his share less the commission, and the shop its own', async () => {
    const ring = await sue.lists({ name: 'Ring', price: usd(10_01), stock: 5 });
    const soap = await (await w.admin()).lists({ name: 'Soap', price: usd(3_00), stock: 5 });
    const ben = await w.buyer('ben', { balance: usd(30_00) });
    const placed = await ben.post('/v1/orders', {
      items: [
        { productId: ring, quantity: 1 },
        { productId: soap, quantity: 2 },
      ],
      payment: 'wallet',
    });
    const rows = await w.sql(
      `select a.owner, a.purpose, t.amount::int from wallet.journals j join wallet.transfers t on t.journal_id = j.id join wallet.accounts a on a.id = t.credit_account where j.cause_id = '${placed.body.id}' order by amount`,
    );
    expect(rows).toEqual([
      { owner: 'platform', purpose: 'fees', amount: 50 },
      { owner: 'platform', purpose: 'revenue', amount: 6_00 },
      { owner: sue.id, purpose: 'undelivered', amount: 9_51 },
    ]);
  });

  test('without the money leaves no order in force, and the stock goes back', async () => {
    const lamp = await sue.lists({ name: 'Dear lamp', price: usd(20_00), stock: 3 });
    const poor = await w.buyer('poor', { balance: usd(10_00) });
    expect(await poor.post('/v1/orders', order(lamp))).toBeProblem(409, 'wallet/insufficient-funds');
    await w.step();
    expect(await stockOf(lamp)).toBe(3);
    expect(await poor.balance()).toEqual(usd(10_00));
    const { items } = (await poor.get('/v1/orders')).body;
    expect(items).toMatchObject([{ state: 'rejected' }]);
    expect(items[0].rejection).toEqual({ code: 'wallet/insufficient-funds' }); // without the money of the wallet
    const { items: audited } = (await (await w.admin()).get('/v1/audit?operation=postOrders&limit=1')).body;
    expect(audited).toMatchObject([{ outcome: 'refused', status: 409, actor: { id: poor.id } }]);
    expect((await poor.get('/v1/customers/poor/purchases')).body.items).toEqual([]);
  });

  test('on delivery takes the stock and no money', async () => {
    const oil = await sue.lists({ name: 'Oil', price: tnd(32_500), stock: 4 });
    const cara = await w.person('cara');
    const placed = await cara.post(
      '/v1/orders',
      order(oil, 3, { payment: 'cash_on_delivery', shippingAddress: { street: 'Rue de Marseille 1', city: 'Tunis', country: 'TN' } }),
    );
    expect(placed.body).toMatchObject({ state: 'placed', payment: 'cash_on_delivery', total: tnd(97_500) });
    expect(await stockOf(oil)).toBe(1);
    expect(await w.sql(`select from wallet.payments where id = '${placed.body.id}'`)).toEqual([]);
    expect(JSON.stringify(await w.sql('select * from orders.orders'))).not.toContain('Marseille');
  });

  test('sums lines of one variant before it looks at the stock', async () => {
    const rug = await sue.lists({ name: 'Rug', price: usd(1_00), stock: 5 });
    const dee = await w.buyer('dee', { balance: usd(50_00) });
    const twice = (a: number, b: number) => ({
      items: [
        { productId: rug, quantity: a },
        { productId: rug, quantity: b },
      ],
      payment: 'wallet',
    });
    expect(await dee.post('/v1/orders', twice(3, 3))).toBeProblem(409, 'inventory/out-of-stock');
    const [{ items, rejection }] = (await dee.get('/v1/orders')).body.items;
    expect(rejection).toEqual({ code: 'inventory/out-of-stock', variantIds: [items[0].variantId] });
    expect((await dee.post('/v1/orders', twice(3, 2))).status).toBe(201);
    expect(await stockOf(rug)).toBe(0);
  });

  test.each([[0], [-1], [1.5], ['2'], [null], [1e15], [100_001]])('of %j units is refused with nothing changed', async (quantity) => {
    const pen = await sue.lists({ name: `Pen ${String(quantity)}`, price: usd(1_00), stock: 5 });
    const eli = await w.buyer('eli', { balance: usd(1_00) });
    const before = await eli.balance();
    expect(await eli.post('/v1/orders', { items: [{ productId: pen, quantity }] })).toBeProblem(422, 'invalid');
    expect(await eli.post('/v1/sales', { good: `Pen ${String(quantity)}`, quantity })).toBeProblem(422, 'invalid');
    expect(await stockOf(pen)).toBe(5);
    expect(await eli.balance()).toEqual(before);
  });

  test('refuses what is not for sale, prices from the client, and two currencies at once', async () => {
    const fig = await sue.lists({ name: 'Fig', price: usd(1_00), stock: 5 });
    const date = await sue.lists({ name: 'Date', price: tnd(1_000), stock: 5 });
    const fay = await w.buyer('fay', { balance: usd(10_00) });
    expect(await fay.post('/v1/orders', order(randomUUID()))).toBeProblem(404, 'catalog/unknown-product');
    expect(await fay.post('/v1/orders', { items: [{ productId: fig, quantity: 1, unitPrice: usd(1) }] })).toBeProblem(422, 'invalid');
    expect(await fay.post('/v1/orders', { items: [{ quantity: 1 }] })).toBeProblem(422, 'invalid');
    expect(await fay.post('/v1/orders', { items: [] })).toBeProblem(422, 'invalid');
    expect(
      await fay.post('/v1/orders', {
        items: [
          { productId: fig, quantity: 1 },
          { productId: date, quantity: 1 },
        ],
      }),
    ).toBeProblem(409, 'orders/mixed-currencies');
    const gold = await sue.lists({ name: 'Gold', price: usd(99_999_999_999), stock: 5 });
    expect(await fay.post('/v1/orders', order(gold, 100_000))).toBeProblem(409, 'orders/total-too-large');
    expect(await fay.post('/v1/orders', order(gold, 11))).toBeProblem(409, 'orders/total-too-large');
    expect(await fay.post('/v1/orders', order(gold, 1))).toBeProblem(409, 'wallet/insufficient-funds');
    expect(await fay.post('/v1/orders', { items: Array(100).fill({ productId: gold, quantity: 100_000 }) })).toBeProblem(
      409,
      'orders/total-too-large',
    );
    const draft = await sue.post('/v1/products', { name: 'Draft', category: 'food', price: usd(1_00), stock: 5 });
    expect(await fay.post('/v1/orders', order(draft.body.id))).toBeProblem(404, 'catalog/unknown-product');
    const shirt = await sue.lists({
      name: 'Shirt',
      price: usd(1),
      variants: [
        { options: { size: 'S' }, price: usd(1_00), stock: 1 },
        { options: { size: 'M' }, price: usd(1_00), stock: 1 },
      ],
    } as never);
    expect(await fay.post('/v1/orders', order(shirt))).toBeProblem(409, 'catalog/variant-needed');
    expect(
      (await fay.post('/v1/orders', { items: [{ productId: shirt, options: { size: 'M' }, quantity: 1 }] })).body.items[0].options,
    ).toEqual({ size: 'M' });
  });
});

describe('under load', () => {
  test('500 buyers of the last 100 units: 100 orders, 400 refusals, nothing oversold', async () => {
    const last = await sue.lists({ name: 'Last units', price: usd(1_00), stock: 100 });
    const crowd: Person[] = [];
    for (let i = 0; i < 25; i++)
      crowd.push(...(await Promise.all(Array.from({ length: 4 }, (_, n) => w.buyer(`crowd${i * 4 + n}`, { balance: usd(5_00) })))));
    const replies = await Promise.all(Array.from({ length: 500 }, (_, n) => crowd[n % crowd.length]!.post('/v1/orders', order(last))));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(100);
    for (const refused of replies.filter(({ status }) => status !== 201)) expect(refused).toBeProblem(409, 'inventory/out-of-stock');
    expect(await stockOf(last)).toBe(0);
    await w.step();
    const [{ sold }] = (await w.sql<{ sold: number }>(
      `select sum(l.quantity)::int as sold from orders.lines l join orders.orders o on o.id = l.order_id where o.state = 'placed' and l.product_id = '${last}'`,
    )) as [{ sold: number }];
    expect(sold).toBe(100);
    expect(await w.sql("select from orders.orders where state = 'placing'")).toEqual([]);
    await proofIsClean();
  }, 120_000);

  test('one key twenty times at once: one order, twenty equal replies; another body under it is refused', async () => {
    const cup = await sue.lists({ name: 'Cup', price: usd(1_00), stock: 50 });
    const gus = await w.buyer('gus', { balance: usd(50_00) });
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 20 }, () => gus.post('/v1/orders', order(cup), key)));
    expect(replies.map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(replies.filter(({ headers }) => headers.get('idempotent-replayed') === 'true')).toHaveLength(19);
    expect(await gus.balance()).toEqual(usd(49_00));
    expect(await gus.post('/v1/orders', order(cup, 2), key)).toBeProblem(422, 'idempotency-key-reused');
    await (await w.admin()).delete(`/v1/products/${cup}`);
    expect((await gus.post('/v1/orders', order(cup), key)).body).toEqual(replies[0]!.body);
  });

  test('a refusal stays what it was under its key, even when the money has come', async () => {
    const mat = await sue.lists({ name: 'Mat', price: usd(10_00), stock: 5 });
    const hana = await w.buyer('hana', { balance: usd(1_00) });
    const key = { 'idempotency-key': randomUUID() };
    const refused = await hana.post('/v1/orders', order(mat), key);
    await hana.charge(usd(20_00));
    const again = await hana.post('/v1/orders', order(mat), key);
    expect(again).toBeProblem(409, 'wallet/insufficient-funds');
    expect([refused, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(again.body.detail).toContain('send a new key to try again');
    expect(again.body).toEqual({ ...refused.body, detail: again.body.detail });
    expect((await hana.post('/v1/orders', order(mat))).status).toBe(201);
    await w.sql(
      `update orders.orders set refusal = '{"code":"orders/total-too-large","extra":{}}' where buyer = $1 and state = 'rejected'`,
      [hana.id],
    );
    expect(await hana.post('/v1/orders', order(mat), key)).toBeProblem(409, 'orders/total-too-large');
  });
});

test("somebody else's order cannot be read; a cursor is one's own", async () => {
  const kit = await sue.lists({ name: 'Kit', price: usd(1_00), stock: 9 });
  const [liz, moe] = [await w.buyer('liz', { balance: usd(9_00) }), await w.person('moe')];
  const placed = await liz.post('/v1/orders', order(kit));
  await liz.post('/v1/orders', order(kit));
  expect(await moe.get(`/v1/orders/${placed.body.id}`)).toBeProblem(404, 'not-found');
  expect((await (await w.admin()).get(`/v1/orders/${placed.body.id}`)).body.buyer.username).toBe('liz');
  const root = await w.admin();
  expect((await root.get('/v1/orders?buyer=LIZ')).body.items).toHaveLength(2);
  expect(await root.get('/v1/orders?buyer=nobody-here')).toBeProblem(404, 'not-found');
  expect(await moe.get('/v1/orders?buyer=liz')).toBeProblem(404, 'not-found');
  const { nextCursor } = (await liz.get('/v1/orders?limit=1')).body;
  expect((await liz.get(`/v1/orders?limit=1&cursor=${nextCursor}`)).body.items[0].id).toBe(placed.body.id);
  expect(await moe.get(`/v1/orders?limit=1&cursor=${nextCursor}`)).toBeProblem(400, 'malformed');
});

test('a purchase of three items takes at most 5 statements in 1 commit', async () => {
  const items: { productId: string; quantity: number }[] = [];
  for (const name of ['One', 'Two', 'Three'])
    items.push({ productId: await sue.lists({ name: `Budget ${name}`, price: usd(1_00), stock: 5 }), quantity: 1 });
  const ned = await w.buyer('ned', { balance: usd(9_00) });
  await ned.post('/v1/orders', { items });

  const statements = await w.statements(async () => expect((await ned.post('/v1/orders', { items })).status).toBe(201));

  expect(statements.length, statements.join('\n---\n')).toBeLessThanOrEqual(5);
  // A row carries the transaction that wrote it.
  const commits = await w.sql(`
    with newest as (select id, xmin::text from orders.orders where buyer = '${ned.id}' order by id desc limit 1)
    select xmin from newest union select xmin::text from orders.lines where order_id in (select id from newest)
    union select xmin::text from inventory.movements where at = (select max(at) from inventory.movements)
    union select xmin::text from wallet.transfers where seq = (select max(seq) from wallet.transfers)`);
  expect(commits).toHaveLength(1);
  expect((await w.statements(() => ned.get('/v1/orders'))).length).toBe(1);
});
