import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { days } from '#kernel/clock.ts';
import { PASSWORD, type Person, type Reply, usd } from '../../../test/people.ts';
import { enrol } from '../../../test/second-factor.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;
let sue: Person;
let sam: Person;
let bob: Person;
let fay: Person;
let root: Person;
let lamp: string;
let shade: string;
let mug: string;

beforeAll(async () => {
  w = await world();
  [sue, sam, root] = [await w.seller('sue'), await w.seller('sam'), await w.admin()];
  bob = await w.buyer('bob', { balance: usd(9000_00) });
  fay = await w.person('fay', ['finance']);
  lamp = await sue.lists({ name: 'Lamp', price: usd(9_99), stock: 1000 });
  shade = await sue.lists({ name: 'Shade', price: usd(33), stock: 1000 });
  mug = await sam.lists({ name: 'Mug', price: usd(3_01), stock: 1000 });
});

/** Whatever a test did, the books are right, and no unit is lost: what is not there is in an order. */
afterEach(async () => {
  await w.step();
  expect(await w.ask('wallet', 'prove', { full: true })).toMatchObject({ ok: true });
});

const stock = async (product: string) => (await w.get(`/v1/products/${product}`)).body.stock as number;
const orderOf = async (id: string) => (await (await w.person('bob')).get(`/v1/orders/${id}`)).body;
const places = async (items: Record<string, number>, payment = 'wallet'): Promise<string> => {
  const reply = await bob.post('/v1/orders', {
    items: Object.entries(items).map(([productId, quantity]) => ({ productId, quantity })),
    payment,
  });
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return reply.body.id;
};
const wants = (items: Record<string, number>) => Object.entries(items).map(([productId, quantity]) => ({ productId, quantity }));
const refunds = (id: string, items: Record<string, number>, more: object = {}, key?: string): Promise<Reply> =>
  fay.post(`/v1/orders/${id}/refunds`, { items: wants(items), reason: 'Broken.', ...more }, key ? { 'idempotency-key': key } : undefined);
const asksBack = (id: string, items: Record<string, number>): Promise<Reply> =>
  bob.post(`/v1/orders/${id}/returns`, { items: wants(items), reason: 'Too bright.' });
const delivers = async (id: string) => {
  for (const step of ['packed', 'delivered']) expect((await root.post(`/v1/orders/${id}/${step}`)).status).toBe(200);
};
const lastReturn = async (id: string) => (await bob.get(`/v1/orders/${id}/returns`)).body.items.at(-1);
/** What the order's seller has of it, and the platform: undelivered and payable, fees. */
const accounts = async () => {
  const rows = await w.sql<{ owner: string; purpose: string; sum: string }>(`
    select a.owner, a.purpose, sum(case when t.credit_account = a.id then t.amount else -t.amount end)::text as sum
    from wallet.accounts as a join wallet.transfers as t on a.id in (t.credit_account, t.debit_account)
    where a.owner in ('${sue.id}', '${sam.id}', 'platform') group by 1, 2`);
  return Object.fromEntries(
    rows.map(({ owner, purpose, sum }) => [`${owner === sue.id ? 'sue' : owner === sam.id ? 'sam' : owner} ${purpose}`, Number(sum)]),
  );
};
const refreshTokens = async () => {
  [bob, fay, sue, sam] = [await w.person('bob'), await w.person('fay', ['finance']), await w.person('sue'), await w.person('sam')];
  root = await w.person('root', ['admin']);
};

describe('a cancellation', () => {
  test('before anything is packed brings back the money, the commission and the stock, once', async () => {
    const [money, units, before] = [await bob.balance(), await stock(lamp), await accounts()];
    const id = await places({ [lamp]: 3, [mug]: 2 });
    const cancelled = await bob.post(`/v1/orders/${id}/cancel`, { reason: 'A better one.' });
    expect(cancelled).toMatchObject({ status: 200, body: { id, state: 'cancelled' } });
    expect(cancelled.body.items.map((item: { refundedQuantity: number }) => item.refundedQuantity)).toEqual([3, 2]);
    expect((await bob.post(`/v1/orders/${id}/cancel`)).body).toEqual(cancelled.body);
    await w.step();
    expect([await bob.balance(), await stock(lamp)]).toEqual([money, units]);
    expect(await accounts()).toMatchObject(before);
    expect(await w.sql("select 1 from told.outbox where name = 'fulfilment.shipment-cancelled.v1' and subject = $1", [id])).toHaveLength(2);
  });

  test('is refused once something is packed, unless it names a shipment that is not', async () => {
    const id = await places({ [lamp]: 1, [mug]: 1 });
    await sue.post(`/v1/orders/${id}/packed`);
    expect(await bob.post(`/v1/orders/${id}/cancel`)).toBeProblem(409, 'fulfilment/wrong-state');
    expect(await sam.post(`/v1/orders/${id}/cancel`)).toBeProblem(404, 'not-found');
    const { shipments } = await orderOf(id);
    const [hers, his] = [sue, sam].map(({ id }) => shipments.find((one: { seller: { id: string } }) => one.seller.id === id));
    expect(await bob.post(`/v1/orders/${id}/cancel`, { shipmentId: hers.id })).toBeProblem(409, 'fulfilment/wrong-state');
    expect(await bob.post(`/v1/orders/${id}/cancel`, { shipmentId: randomUUID() })).toBeProblem(404, 'not-found');
    const money = (await bob.balance()).amount;
    expect((await fay.post(`/v1/orders/${id}/cancel`, { shipmentId: his.id })).body).toMatchObject({ state: 'packed' });
    expect((await bob.balance()).amount).toBe(money + 3_01);
  });
});

describe('a return', () => {
  test('goes line by line: the seller accepts one and refuses another, and the last unit ends the shipment', async () => {
    const id = await places({ [lamp]: 2, [shade]: 1 });
    expect(await asksBack(id, { [lamp]: 1 })).toBeProblem(409, 'fulfilment/not-returnable');
    await delivers(id);
    const [money, units] = [(await bob.balance()).amount, await stock(lamp)];
    expect((await asksBack(id, { [lamp]: 1 })).status).toBe(200);
    expect(await asksBack(id, { [lamp]: 2 })).toBeProblem(409, 'fulfilment/too-many-units');
    const asked = await lastReturn(id);
    expect(asked).toMatchObject({ state: 'requested', reason: 'Too bright.', items: [{ quantity: 1 }] });
    expect(await sam.post(`/v1/orders/${id}/returns/${asked.id}/acceptance`)).toBeProblem(404, 'not-found');
    expect(await bob.post(`/v1/orders/${id}/returns/${asked.id}/acceptance`)).toBeProblem(404, 'not-found');
    const accepted = await sue.post(`/v1/orders/${id}/returns/${asked.id}/acceptance`);
    expect(accepted).toMatchObject({ status: 200, body: { state: 'accepted' } });
    expect((await sue.post(`/v1/orders/${id}/returns/${asked.id}/acceptance`)).body).toEqual(accepted.body);
    expect(await sue.post(`/v1/orders/${id}/returns/${asked.id}/refusal`, { reason: 'No.' })).toBeProblem(409, 'fulfilment/wrong-state');
    expect([(await bob.balance()).amount, await stock(lamp)]).toEqual([money + 9_99, units + 1]);

    await asksBack(id, { [lamp]: 1 });
    const second = await lastReturn(id);
    expect(await sue.post(`/v1/orders/${id}/returns/${second.id}/refusal`, { reason: ' \u200B\u3164' })).toBeProblem(422, 'invalid');
    expect((await sue.post(`/v1/orders/${id}/returns/${second.id}/refusal`, { reason: 'Scratched.' })).body).toMatchObject({
      state: 'refused',
      decisionReason: 'Scratched.',
    });
    expect((await bob.balance()).amount).toBe(money + 9_99);
    await asksBack(id, { [lamp]: 1, [shade]: 1 });
    expect((await fay.post(`/v1/orders/${id}/returns/${(await lastReturn(id)).id}/acceptance`)).status).toBe(200);
    expect(await orderOf(id)).toMatchObject({ state: 'returned', shipments: [{ state: 'returned', refunded: usd(2 * 9_99 + 33) }] });
    expect((await bob.balance()).amount).toBe(money + 2 * 9_99 + 33);
    const { told } = await w.ask<{ told: { text: string }[] }>('fulfilment', 'explain.order', { id, shipments: [] });
    const texts = told.map(({ text }) => text).join('\n');
    expect(texts).toMatch(/^shipment \S+ of \S+: returned now\nreturn \S+ requested: 1 of \S+\nreturn \S+ accepted by seller/);
    expect(texts).toMatch(/1 of \S+ taken out of the sale by return, staff/);
    expect(texts).not.toContain('Too bright');
  });

  test('is possible for fourteen days, after the completion too, and not longer', async () => {
    const id = await places({ [lamp]: 2 });
    await delivers(id);
    w.clock.advance(days(14) - 60_000);
    await w.step();
    await refreshTokens();
    expect((await orderOf(id)).state).toBe('completed');
    expect((await asksBack(id, { [lamp]: 1 })).status).toBe(200);
    expect(await w.ask('fulfilment', 'life.blockers', { accountId: sue.id })).toEqual({ blockers: ['returns'] });
    await sue.post(`/v1/orders/${id}/returns/${(await lastReturn(id)).id}/refusal`, { reason: 'No.' });
    expect(await w.ask('fulfilment', 'life.blockers', { accountId: sue.id })).toEqual({ blockers: [] });
    w.clock.advance(120_000);
    expect(await asksBack(id, { [lamp]: 1 })).toBeProblem(409, 'fulfilment/not-returnable');
  });
});

describe('a refund by staff', () => {
  test('gives back some units, then the others; what was not shipped goes into the stock, and one key counts once', async () => {
    const id = await places({ [lamp]: 3 });
    const [money, units] = [(await bob.balance()).amount, await stock(lamp)];
    const key = randomUUID();
    const twins = await Promise.all([1, 2, 3, 4].map(() => refunds(id, { [lamp]: 1 }, {}, key)));
    expect(twins.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(await refunds(id, { [lamp]: 2 }, {}, key)).toBeProblem(422, 'idempotency-key-reused');
    expect([(await bob.balance()).amount, await stock(lamp)]).toEqual([money + 9_99, units + 1]);
    await root.post(`/v1/orders/${id}/packed`);
    await root.post(`/v1/orders/${id}/shipped`);
    expect(await refunds(id, { [lamp]: 3 })).toBeProblem(409, 'fulfilment/too-many-units');
    expect(await refunds(id, { [mug]: 1 })).toBeProblem(422, 'invalid');
    expect(await bob.post(`/v1/orders/${id}/refunds`, { items: wants({ [lamp]: 1 }), reason: 'x' })).toBeProblem(403, 'forbidden');
    expect(await refunds(id, { [lamp]: 2 })).toMatchObject({ body: { state: 'refunded', items: [{ refundedQuantity: 3 }] } });
    expect([(await bob.balance()).amount, await stock(lamp)]).toEqual([money + 3 * 9_99, units + 1]); // two are on the road
    expect(await root.post(`/v1/orders/${id}/delivered`)).toBeProblem(409, 'fulfilment/wrong-state');
  });

  test('needs a second factor that was proven lately, where staff have one; so do their cancellations and decisions about returns', async () => {
    const [id, back, other] = [await places({ [lamp]: 1 }), await places({ [lamp]: 1 }), await places({ [lamp]: 1 })];
    await delivers(back);
    await asksBack(back, { [lamp]: 1 });
    const refund = { items: wants({ [lamp]: 1 }), reason: 'Broken.' };
    const { person, app } = await enrol(w, await w.person('flo', ['finance']));
    const { body } = await w.post('/v1/auth/sign-in', { username: 'flo', password: PASSWORD, code: app.next() });
    const again = await w.post('/v1/auth/token', { grant_type: 'refresh_token', refresh_token: body.refreshToken });
    const paths = [`${id}/refunds`, `${other}/cancel`, `${back}/returns/${(await lastReturn(back)).id}/acceptance`];
    const statuses = (who: Person) =>
      Promise.all(paths.map(async (path, i) => (await who.post(`/v1/orders/${path}`, i ? {} : refund)).status));
    expect(await statuses(w.withToken(person, again.body.accessToken))).toEqual([403, 403, 403]);
    expect(await statuses(person)).toEqual([200, 200, 200]);
  });

  test("after the delivery takes it from what the seller is owed, the platform's fee with it", async () => {
    const before = await accounts();
    const id = await places({ [lamp]: 2 });
    await delivers(id);
    expect(await accounts()).toMatchObject({ 'sue payable': (before['sue payable'] ?? 0) + 2 * 9_99 - 99 });
    await refunds(id, { [lamp]: 1 });
    await refunds(id, { [lamp]: 1 });
    expect(await accounts()).toMatchObject(before);
  });
});

describe('cash on delivery', () => {
  test('is collected for what is left, and given back from then on; a cancellation moves no money', async () => {
    const [money, before] = [await bob.balance(), await accounts()];
    const gone = await places({ [lamp]: 2 }, 'cash_on_delivery');
    expect((await bob.post(`/v1/orders/${gone}/cancel`)).body).toMatchObject({ state: 'cancelled' });
    const id = await places({ [lamp]: 3 }, 'cash_on_delivery');
    await refunds(id, { [lamp]: 1 });
    expect((await root.post(`/v1/orders/${id}/packed`)).body).toMatchObject({ cashToCollect: usd(2 * 9_99) });
    expect([await bob.balance(), await accounts()]).toEqual([money, before]);
    expect((await root.post(`/v1/orders/${id}/delivered`)).body).toMatchObject({ cashToCollect: usd(0) });
    expect(await accounts()).toMatchObject({ 'sue payable': (before['sue payable'] ?? 0) + 2 * 9_99 - 100 }); // of 149 in all, 49 went with the first unit
    await refunds(id, { [lamp]: 2 });
    expect((await bob.balance()).amount).toBe(money.amount + 2 * 9_99);
    expect((await orderOf(id)).state).toBe('refunded');
    expect(await accounts()).toMatchObject({ 'sue payable': before['sue payable'] });
  });
});

test('money that the wallet cannot hold is not given back, and nothing else happens', async () => {
  const vast = await w.buyer('vast', { balance: usd(100_00) });
  const item = { items: [{ productId: lamp, quantity: 1 }] };
  const [placed, arrived] = await Promise.all([1, 2].map(async () => (await vast.post('/v1/orders', item)).body.id as string));
  await delivers(arrived!);
  await vast.post(`/v1/orders/${arrived}/returns`, { ...item, reason: 'Too bright.' });
  const back = (await vast.get(`/v1/orders/${arrived}/returns`)).body.items[0].id;
  const sets = (balance: string) =>
    w.sql(`set session_replication_role = replica;
      update wallet.accounts set balance = ${balance} where owner = '${vast.id}' and purpose = 'available'; set session_replication_role = default`);
  const [{ balance }] = (await w.sql(`select balance::text from wallet.accounts where owner = '${vast.id}' and purpose = 'available'`)) as [
    { balance: string },
  ];
  const units = await stock(lamp);
  await sets('9007199254740991');
  expect(await vast.post(`/v1/orders/${placed}/cancel`)).toBeProblem(409, 'wallet/balance-too-large');
  expect(await refunds(placed!, { [lamp]: 1 })).toBeProblem(409, 'wallet/balance-too-large');
  expect(await sue.post(`/v1/orders/${arrived}/returns/${back}/acceptance`)).toBeProblem(409, 'wallet/balance-too-large');
  await sets(balance);
  expect([(await vast.get(`/v1/orders/${placed}`)).body.state, await stock(lamp)]).toEqual(['placed', units]);
});

test('a hundred calls of packed, cancel and refunds at once end in one lawful history', async () => {
  const [money, units] = [(await bob.balance()).amount, await stock(lamp)];
  const id = await places({ [lamp]: 20 });
  const calls = Array.from({ length: 100 }, (_, index) => () => {
    if (index % 4 === 0) return root.post(`/v1/orders/${id}/packed`);
    if (index % 4 === 1) return bob.post(`/v1/orders/${id}/cancel`);
    return refunds(id, { [lamp]: 1 });
  });
  const replies = await Promise.all(calls.map((call) => call()));
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200, 409]));
  const order = await orderOf(id);
  expect(['cancelled', 'packed', 'refunded']).toContain(order.state);
  const refunded = order.items[0].refundedQuantity as number;
  const left = 20 - refunded;
  expect([(await bob.balance()).amount, await stock(lamp)]).toEqual([money - left * 9_99, units - left]);
  const steps = order.timeline.filter(({ refund }: { refund?: object }) => !refund);
  const states = steps.map(({ state }: { state: string }) => state).join(' ');
  expect(states).toMatch(/^placing placed( packed)?( cancelled| refunded)?$/);
  expect(states).not.toMatch(/packed cancelled/);
});

test('refunds, returns and a cancellation in any order leave exactly what was not taken back', async () => {
  const turns = fc.array(
    fc.record({ kind: fc.constantFrom('refund', 'return', 'step', 'cancel'), product: fc.nat(2), units: fc.integer({ min: 1, max: 3 }) }),
    {
      minLength: 3,
      maxLength: 9,
    },
  );
  await fc.assert(
    fc.asyncProperty(turns, fc.constantFrom('wallet', 'cash_on_delivery'), async (wishes, payment) => {
      const products = [lamp, shade, mug];
      const [money, before] = [(await bob.balance()).amount, await Promise.all(products.map(stock))];
      const sold = await accounts();
      const id = await places({ [lamp]: 3, [shade]: 2, [mug]: 3 }, payment);
      for (const { kind, product, units } of wishes) {
        const items = { [products[product]!]: units };
        if (kind === 'refund') await refunds(id, items, { restock: true });
        if (kind === 'step') for (const step of ['packed', 'delivered']) await root.post(`/v1/orders/${id}/${step}`);
        if (kind === 'cancel') await bob.post(`/v1/orders/${id}/cancel`);
        if (kind === 'return' && (await asksBack(id, items)).status === 200)
          await fay.post(`/v1/orders/${id}/returns/${(await lastReturn(id)).id}/acceptance`);
      }
      const all = Object.fromEntries(
        (await orderOf(id)).items.map((item: { productId: string; quantity: number; refundedQuantity: number }) => [
          item.productId,
          item.quantity - item.refundedQuantity,
        ]),
      );
      for (const product of products) if (all[product] > 0) await refunds(id, { [product]: all[product] }, { restock: true });
      const order = await orderOf(id);
      expect(['cancelled', 'refunded', 'returned']).toContain(order.state);
      const [cash] = await w.sql<{ amount: number }>(
        'select coalesce(sum(p.amount), 0)::int as amount from wallet.payments as p join fulfilment.shipments as s on s.id = p.id where s.order_id = $1',
        [id],
      );
      expect((await bob.balance()).amount).toBe(money + cash!.amount);
      expect(await Promise.all(products.map(stock))).toEqual(before);
      const { 'platform external': _a, ...now } = await accounts();
      const { 'platform external': _b, ...then } = sold;
      expect(now).toMatchObject(then);
    }),
    { numRuns: 8 },
  );
}, 60_000);
