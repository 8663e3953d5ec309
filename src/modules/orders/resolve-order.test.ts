import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemScope } from '#kernel/runtime.ts';
import { asCompleted } from '../../../test/delivered.ts';
import { type Person, usd } from '../../../test/people.ts';
import { openSilentLine } from '../../../test/silent-line.ts';
import { type World, world } from '../../../test/world.ts';
import { blockersOf } from './closed-account.ts';
import type { Orders } from './context.ts';
import { findOrder, type OrderRow } from './order.ts';
import { resolveOrder } from './resolve-order.ts';

let w: World;
let sue: Person;
let hat: string;
let ivy: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
  hat = await sue.lists({ name: 'Hat', price: usd(5_00), stock: 50 });
  ivy = await w.buyer('ivy', { balance: usd(200_00) });
});

const ctx = () => w.souk.runtime.context('orders', systemScope) as Orders;
const stock = async () => (await w.get(`/v1/products/${hat}`)).body.stock as number;
const proofIsClean = async () => expect((await (await w.admin()).get('/v1/ledger/proof')).body).toMatchObject({ ok: true });
const place = async () => (await ivy.post('/v1/orders', { items: [{ productId: hat, quantity: 1 }] })).body.id as string;
const stateOf = async (id: string) => (await findOrder(ctx().db, id, null))!.state;

/** An order that a crash left in `placing`: nothing was taken yet, and its runner's time is over. */
async function leftBehind(): Promise<string> {
  const [like, id] = [await place(), randomUUID()];
  await w.sql(`insert into orders.orders (id, buyer, placed_by, state, payment, currency, total, shares, lease_until, created_at)
    select '${id}', buyer, placed_by, 'placing', payment, currency, total, shares, now() - interval '1 hour', now() from orders.orders where id = '${like}'`);
  await w.sql(`insert into orders.lines select '${id}', line, product_id, variant_id, seller_id, name, options, quantity, unit_price
    from orders.lines where order_id = '${like}'`);
  return id;
}

describe('an order whose process is gone', () => {
  test('is finished by the timer, once, even by two processes', async () => {
    const left = await leftBehind();
    const [money, units] = [(await ivy.balance()).amount, await stock()];
    const other = await w.sibling();
    await Promise.all([w.step(), other.step()]);
    expect(await stateOf(left)).toBe('placed');
    expect([(await ivy.balance()).amount, await stock()]).toEqual([money - 5_00, units - 1]);
    await proofIsClean();
  });

  test('is finished although the one before it fails', async () => {
    const [bad, fine] = [await leftBehind(), await leftBehind()];
    const shares = await w.sql<{ shares: object }>(`select shares from orders.orders where id = '${bad}'`);
    await w.sql(`update orders.orders set shares = '[{"payee":"nobody"}]', lease_until = now() - interval '2 hours' where id = '${bad}'`);
    await w.step();
    expect([await stateOf(bad), await stateOf(fine)]).toEqual(['placing', 'placed']);
    await w.sql('update orders.orders set shares = $1 where id = $2', [JSON.stringify(shares[0]!.shares), bad]);
    w.clock.advance(60_000);
    await w.step();
    expect(await stateOf(bad)).toBe('placed');
    await proofIsClean();
  });
});

describe('an order that was decided elsewhere', () => {
  const asPlacing = async (id: string): Promise<OrderRow> => ({
    ...(await findOrder(ctx().db, id, null))!,
    state: 'placing',
    decided_at: null,
  });

  test('stays placed for a runner that comes late, and for one that is refused meanwhile', async () => {
    const id = await place();
    const stale = await asPlacing(id);
    const [money, units] = [await ivy.balance(), await stock()];
    expect((await resolveOrder(ctx(), stale)).state).toBe('placed');
    await w.sql(`insert into orders.closed_accounts values ('${sue.id}', now())`);
    expect((await resolveOrder(ctx(), stale)).state).toBe('placed');
    await w.sql('delete from orders.closed_accounts');
    await w.step();
    expect([await stateOf(id), await ivy.balance(), await stock()]).toEqual(['placed', money, units]);
    await proofIsClean();
  });

  test('stays rejected when the first process comes back late, and is refunded once', async () => {
    const poor = await w.buyer('poor', { balance: usd(1_00) });
    expect(await poor.post('/v1/orders', { items: [{ productId: hat, quantity: 1 }] })).toBeProblem(409, 'wallet/insufficient-funds');
    const [row] = await w.sql<{ id: string }>(`select id from orders.orders where buyer = '${poor.id}'`);
    await w.step();
    await poor.charge(usd(50_00));
    const units = await stock();
    expect((await resolveOrder(ctx(), await asPlacing(row!.id))).state).toBe('rejected');
    await w.step();
    expect([await stateOf(row!.id), await poor.balance(), await stock()]).toEqual(['rejected', usd(51_00), units]);
    const told = await w.sql(`select from told.outbox where subject = '${row!.id}' and name = 'orders.order-rejected.v1'`);
    expect(told).toHaveLength(1);
    await proofIsClean();
  });
});

describe('an order that is being placed while an account closes', () => {
  /** What a transaction does that is still open when `meanwhile` begins to wait for its lock; then it commits. */
  async function whileOpen<T>(statements: string[], meanwhile: () => Promise<T>): Promise<T> {
    const client = new pg.Client(w.databaseUrl);
    await client.connect();
    try {
      for (const statement of ['begin', ...statements]) await client.query(statement);
      const answer = meanwhile();
      const waits = () => w.sql("select from pg_locks where locktype = 'advisory' and classid = 7281 and not granted");
      await expect.poll(async () => (await waits()).length, { timeout: 10_000 }).toBe(1);
      await client.query('commit');
      return await answer;
    } finally {
      await client.end();
    }
  }

  test('counts as open, although nobody could see it yet', async () => {
    const [like, kai] = [await place(), await w.buyer('kai', { balance: usd(1_00) })];
    expect(await blockersOf(ctx(), { accountId: kai.id })).toEqual([]);
    const blockers = await whileOpen(
      [
        `insert into orders.orders (id, buyer, placed_by, state, payment, currency, total, shares, lease_until, created_at, decided_at)
         select gen_random_uuid(), '${kai.id}', placed_by, state, payment, currency, total, shares, now(), now(), now() from orders.orders
         where id = '${like}' and orders.all_stay(array['${kai.id}']::uuid[])`,
      ],
      () => blockersOf(ctx(), { accountId: kai.id }),
    );
    expect(blockers).toEqual(['orders']);
  });

  test.each(['buyer', 'seller'])('is refused when the closure of its %s commits while it waits, and nothing is taken', async (who) => {
    const lou = await w.buyer(`lou-${who}`, { balance: usd(9_00) });
    const leaving = who === 'buyer' ? lou.id : sue.id;
    const units = await stock();
    const reply = await whileOpen(
      [`select pg_advisory_xact_lock(7281, uuid_hash('${leaving}'))`, `insert into orders.closed_accounts values ('${leaving}', now())`],
      () => lou.post('/v1/orders', { items: [{ productId: hat, quantity: 1 }] }),
    );
    expect(reply).toBeProblem(409, 'orders/party-left');
    await w.sql('delete from orders.closed_accounts');
    expect([await lou.balance(), await stock()]).toEqual([usd(9_00), units]);
    expect((await lou.get('/v1/orders')).body.items).toMatchObject([{ state: 'rejected' }]);
  });
});

test('a seller may leave when all orders of the products are decided and completed', async () => {
  await w.step();
  const seller = await w.seller('sid');
  const cap = await seller.lists({ name: 'Cap', price: usd(1_00), stock: 5 });
  await ivy.post('/v1/orders', { items: [{ productId: cap, quantity: 1 }] });
  expect(await blockersOf(ctx(), { accountId: seller.id })).toEqual(['orders']);
  await asCompleted(w);
  expect(await blockersOf(ctx(), { accountId: seller.id })).toEqual([]);
});

test('a purchase takes effect although no answer of its statements has come: they leave in one write, with the commit', async () => {
  const line = await openSilentLine(w.databaseUrl);
  const there = (await w.sibling({}, { databaseUrl: line.url })).withToken(ivy, ivy.token);
  const buy = () => there.post('/v1/orders', { items: [{ productId: hat, quantity: 1 }] });
  await buy(); // so that its connections are open
  const before = await stock();
  const goOn = line.fallSilent('begin');
  const reply = buy();
  await expect
    .poll(
      async () =>
        (
          await w.sql<{ n: number }>(
            `select on_hand as n from inventory.levels join catalog.variants on id = variant_id where product_id = '${hat}'`,
          )
        )[0]!.n,
    )
    .toBe(before - 1);
  goOn();
  expect((await reply).status).toBe(201);
  await line.close();
});

test('a key that is said to be new and was used takes no money and no units again, and does not pass as done', async () => {
  const id = await place();
  const [money, units] = [await ivy.balance(), await stock()];
  const [{ variant_id: variantId }] = (await w.sql<{ variant_id: string }>(
    `select variant_id from orders.lines where order_id = '${id}'`,
  )) as [{ variant_id: string }];
  const pay = { key: id, isNew: true, payer: ivy.id, currency: 'USD', shares: [{ payee: sue.id, amount: 1_00, commission: 0 }] };
  await expect(w.ask('wallet', 'pay', pay)).rejects.toMatchObject({ code: '23505' });
  await expect(w.ask('inventory', 'take', { key: id, isNew: true, lines: [{ variantId, quantity: 1 }] })).rejects.toMatchObject({
    code: '23505',
  });
  expect([await ivy.balance(), await stock()]).toEqual([money, units]);
  await proofIsClean();
});
