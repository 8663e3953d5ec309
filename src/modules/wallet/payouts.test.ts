import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { hours } from '#kernel/clock.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Proof } from '#wallet';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import type { Wallet } from './context.ts';
import { sendPayout } from './send-payout.ts';

let w: World;
let fred: Person;

beforeAll(async () => {
  w = await world({ env: { PAYOUT_APPROVAL_ABOVE: '100000,JPY:5000' } });
  fred = await w.person('fred', ['finance']);
});

const brokenRules = async () => (await w.ask<Proof>('wallet', 'prove', { full: true })).rules.filter(({ ok }) => !ok);
const told = (payoutId: string) =>
  w.sql<{ name: string; payload: object }>(
    `select name, payload from told.outbox where kind = 'event' and subject = '${payoutId}' order by seq`,
  );
const asked = (payoutId: string) => w.adapters.payouts.asked().filter(({ key }) => key === payoutId);

/** Somebody to whom so much is owed, from a cash shipment. @returns the key of its payment too. */
async function seller(name: string, amount: number, currency = 'USD'): Promise<Person & { sold: string }> {
  const person = await w.person(name);
  const sold = randomUUID();
  const share = { payee: person.id, amount, commission: 0 };
  await w.ask('wallet', 'collectCash', { key: sold, payer: randomUUID(), currency, share });
  return { ...person, sold };
}
const refund = ({ id, sold }: { id: string; sold: string }, amount: number) =>
  w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: sold, payee: id, amount });
const ask = (person: Person, amount: number, more: object = {}) => person.post('/v1/payouts', { ...usd(amount), ...more });
const stateOf = async (person: Person, id: string) => (await person.get(`/v1/payouts/${id}`)).body.state;
const moneyOf = async (person: Person) => (await person.get(`/v1/customers/${person.username}/wallet/sales`)).body.balances;
const balance = (payable: number, receivable = 0, undelivered = 0) => [{ currency: 'USD', undelivered, payable, receivable }];

describe('a payout', () => {
  test('leaves what is payable at once, is sent by the bank once, and is told', async () => {
    const sue = await seller('sue', 50_00);
    const destination = 'TN59 1000 6035 1835 9847 8831';
    const { status, body, headers } = await ask(sue, 20_00, { destination });
    expect([status, body.state, headers.get('location')]).toEqual([201, 'pending', `/v1/payouts/${body.id}`]);
    expect(await moneyOf(sue)).toEqual(balance(30_00));
    const [stored] = await w.sql<{ destination_sealed: string }>(`select destination_sealed from wallet.payouts where id = '${body.id}'`);
    expect(stored?.destination_sealed).not.toContain('TN59');
    await w.step();
    expect((await sue.get(`/v1/payouts/${body.id}`)).body).toMatchObject({
      state: 'sent',
      ...usd(20_00),
      owner: { id: sue.id, username: 'sue' },
      endedAt: expect.any(String),
    });
    expect(asked(body.id)).toEqual([{ key: body.id, money: usd(20_00), owner: sue.id, destination, times: 1, outcome: 'sent' }]);
    const payload = { payoutId: body.id, owner: sue.id, ...usd(20_00) };
    expect(await told(body.id)).toEqual([{ name: 'wallet.payout-sent.v1', payload }]);
    expect(await w.sql('select from wallet.payouts where ended_at is not null and destination_sealed is not null')).toEqual([]);
    expect(await brokenRules()).toEqual([]);
  });

  test('of more than is payable is refused, and of ten at once for all of it one is made', async () => {
    const tom = await seller('tom', 10_00);
    const tooMuch = await ask(tom, 10_01);
    expect(tooMuch).toBeProblem(409, 'wallet/payable-too-small');
    expect(tooMuch.body).toMatchObject({ currency: 'USD', payable: 10_00, needed: 10_01 });
    const newcomer = await w.person('newcomer');
    expect(await ask(newcomer, 1)).toBeProblem(409, 'wallet/payable-too-small');
    const [uma, key] = [await seller('uma', 1_00), { 'idempotency-key': randomUUID() }];
    expect((await uma.post('/v1/payouts', usd(1_00), key)).status).toBe(201);
    expect(await newcomer.post('/v1/payouts', usd(1_00), key)).toBeProblem(409, 'wallet/payable-too-small');
    expect(await ask(tom, 10_000_000_000_01)).toBeProblem(409, 'wallet/amount-too-large');
    const replies = await Promise.all(Array.from({ length: 10 }, () => ask(tom, 10_00)));
    expect(replies.map(({ status }) => status).sort()).toEqual([201, ...Array(9).fill(409)]);
    expect(await moneyOf(tom)).toEqual(balance(0));
  });

  test('that the bank refuses is payable again, with the reason', async () => {
    const una = await seller('una', 5_00);
    const { body } = await ask(una, 5_00, { destination: 'closed-account' });
    await w.step();
    expect((await una.get(`/v1/payouts/${body.id}`)).body).toMatchObject({ state: 'failed', reason: 'The account is closed.' });
    expect(await moneyOf(una)).toEqual(balance(5_00));
    expect((await told(body.id)).map(({ name }) => name)).toEqual(['wallet.payout-failed.v1']);
    expect(await brokenRules()).toEqual([]);
  });

  test('whose answers are lost is asked about again under the same key, until there is one', async () => {
    const vic = await seller('vic', 5_00);
    const { body } = await ask(vic, 4_00, { destination: 'lost-answers' });
    await w.step();
    for (let times = 1; times <= 3; times++) {
      expect([await stateOf(vic, body.id), asked(body.id)[0]?.times]).toEqual(['pending', times]);
      await w.step();
      expect(asked(body.id)[0]?.times).toBe(times); // not before the lease is over
      w.clock.advance(16_000);
      await w.step();
    }
    expect([await stateOf(vic, body.id), asked(body.id)[0]?.times, await moneyOf(vic)]).toEqual(['sent', 4, balance(1_00)]);
    expect(await brokenRules()).toEqual([]);
  });

  test('about which two processes ask the bank at once is booked and told once', async () => {
    const ulf = await seller('ulf', 5_00);
    const payoutId = (await ask(ulf, 5_00)).body.id;
    let letAnswer = () => {};
    const answered = new Promise<void>((resolve) => {
      letAnswer = resolve;
    });
    let times = 0;
    const send = async () => {
      times++;
      await answered;
      return { outcome: 'sent' };
    };
    const ctx = Object.create(w.souk.runtime.context('wallet', systemScope), { payouts: { value: { send } } }) as Wallet;
    const asking: Promise<void>[] = [];
    for (const process of [1, 2]) {
      await w.sql(`update wallet.payouts set lease_until = at where id = '${payoutId}'`);
      asking.push(sendPayout(ctx, { payoutId }));
      await expect.poll(() => times).toBe(process);
    }
    letAnswer();
    await Promise.all(asking);
    await sendPayout(ctx, { payoutId });
    expect([times, await stateOf(ulf, payoutId), (await told(payoutId)).length]).toEqual([2, 'sent', 1]);
  });

  test('is preceded by what the seller owes', async () => {
    const wes = await seller('wes', 10_00);
    await ask(wes, 8_00);
    await w.step();
    await refund(wes, 7_00);
    expect(await moneyOf(wes)).toEqual(balance(0, 5_00));
    expect(await ask(wes, 1)).toBeProblem(409, 'wallet/payable-too-small');
    const share = { payee: wes.id, amount: 9_00, commission: 0 };
    await w.ask('wallet', 'collectCash', { key: randomUUID(), payer: randomUUID(), currency: 'USD', share });
    const tooMuch = await ask(wes, 4_01);
    expect([tooMuch.status, tooMuch.body.payable]).toEqual([409, 4_00]);
    expect(await moneyOf(wes)).toEqual(balance(9_00, 5_00)); // a refusal nets nothing
    expect((await ask(wes, 3_00)).status).toBe(201);
    expect(await moneyOf(wes)).toEqual(balance(1_00));
    expect(await brokenRules()).toEqual([]);
  });
});

describe('a payout above the limit', () => {
  test('waits for another person, who approves it once', async () => {
    const xia = await seller('xia', 3_000_00);
    const { body } = await ask(xia, 1_000_01);
    expect(body.state).toBe('waiting');
    w.clock.advance(60_000);
    await w.step();
    expect([await stateOf(xia, body.id), asked(body.id)]).toEqual(['waiting', []]);
    expect((await told(body.id)).map(({ name }) => name)).toEqual(['wallet.payout-waiting.v1']);
    const path = `/v1/payouts/${body.id}/approval`;
    expect(await xia.post(path, {})).toBeProblem(403, 'forbidden');
    expect(await fred.post(`/v1/payouts/${randomUUID()}/approval`, {})).toBeProblem(404, 'not-found');
    const replies = await Promise.all(Array.from({ length: 5 }, () => fred.post(path, {})));
    expect(replies.map((reply) => [reply.status, reply.body.state, reply.body.owner.username])).toEqual(
      Array(5).fill([200, 'pending', 'xia']),
    );
    expect(await fred.post(path, { approve: false })).toBeProblem(409, 'wallet/wrong-state');
    const jobs = await w.sql(`select from told.outbox where name = 'wallet.send-payout' and payload ->> 'payoutId' = '${body.id}'`);
    expect(jobs).toHaveLength(1); // the bank need not wait for the timer
    await w.step();
    expect([await stateOf(xia, body.id), asked(body.id)[0]?.times]).toEqual(['sent', 1]);
    expect((await fred.post(path, {})).body.state).toBe('sent');
  });

  test('counts what was asked for in the 24 hours before, and was not given back, also of many at once', async () => {
    const pia = await seller('pia', 5_000_00);
    const refused = await ask(pia, 900_00, { destination: 'closed-account' });
    await w.step();
    expect(await stateOf(pia, refused.body.id)).toBe('failed');
    const made = await Promise.all(Array.from({ length: 5 }, () => ask(pia, 400_00)));
    expect(made.map(({ body }) => body.state).sort()).toEqual(['pending', 'pending', 'waiting', 'waiting', 'waiting']);
    w.clock.advance(hours(24) + 1);
    const later = await w.person('pia');
    expect([(await ask(later, 1_000_00)).body.state, (await ask(later, 1)).body.state]).toEqual(['pending', 'waiting']);
    fred = await w.person('fred', ['finance']);
  });

  test('that is rejected is payable again, and the owner reads why', async () => {
    const yan = await seller('yan', 6_000, 'JPY');
    const { body } = await yan.post('/v1/payouts', { amount: 5_001, currency: 'JPY' });
    const path = `/v1/payouts/${body.id}/approval`;
    const reason = 'The account belongs to somebody else.';
    for (let turn = 0; turn < 2; turn++)
      expect((await fred.post(path, { approve: false, reason })).body).toMatchObject({ state: 'rejected', reason });
    expect(await fred.post(path, {})).toBeProblem(409, 'wallet/wrong-state');
    expect((await yan.get(`/v1/payouts/${body.id}`)).body).toMatchObject({ state: 'rejected', reason });
    expect(await moneyOf(yan)).toMatchObject([{ currency: 'JPY', payable: 6_000 }]);
    expect((await told(body.id)).map(({ name }) => name)).toEqual(['wallet.payout-waiting.v1', 'wallet.payout-failed.v1']);
    expect(await brokenRules()).toEqual([]);
  });

  test('is not decided by its owner; of approval and rejection at once one counts', async () => {
    const [zed, gus] = [await w.person('zed', ['finance']), await w.person('gus', ['finance'])];
    const share = { payee: zed.id, amount: 9_000_00, commission: 0 };
    await w.ask('wallet', 'collectCash', { key: randomUUID(), payer: randomUUID(), currency: 'USD', share });
    const { body } = await ask(zed, 2_000_00);
    const path = `/v1/payouts/${body.id}/approval`;
    expect(await zed.post(path, {})).toBeProblem(403, 'wallet/own-payout');
    await expect(w.sql(`update wallet.payouts set decided_by = owner where id = '${body.id}'`)).rejects.toThrow('payout_four_eyes');
    const replies = await Promise.all([fred.post(path, {}), gus.post(path, { approve: false })]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await brokenRules()).toEqual([]);
  });
});

test('payouts are listed: to their owner, and all of them to who approves', async () => {
  const [abe, bea] = [await seller('abe', 10_00), await seller('bea', 10_00)];
  const ids: string[] = [];
  for (const amount of [1_00, 2_00, 3_00]) ids.unshift((await ask(abe, amount)).body.id);
  await w.step();
  const hers = (await ask(bea, 4_00)).body.id;
  const list = async (person: Person, query = '') =>
    (await person.get(`/v1/payouts${query}`)).body.items.map(({ id }: { id: string }) => id);
  expect([await list(abe), await list(bea)]).toEqual([ids, [hers]]);
  expect(await list(fred, '?limit=4')).toEqual([hers, ...ids]);
  expect(await list(abe, '?state=pending')).toEqual([]);
  expect(await list(fred, '?state=pending')).toContain(hers);
  const { nextCursor } = (await abe.get('/v1/payouts?limit=2')).body;
  expect(await list(abe, `?limit=2&cursor=${nextCursor}`)).toEqual(ids.slice(2));
  expect(await bea.get(`/v1/payouts/${ids[0]}`)).toBeProblem(404, 'not-found');
  expect((await fred.get(`/v1/payouts/${ids[0]}`)).body.owner.username).toBe('abe');
});

test("a seller's statement shows every movement once, with its commission, page by page", async () => {
  const [cal, dot] = [await w.person('cal'), await w.buyer('dot', { balance: usd(50_00) })];
  const sold = randomUUID();
  const shares = [
    { payee: cal.id, amount: 20_00, commission: 1_00 },
    { payee: 'platform', amount: 5_00, commission: 0 },
  ];
  await w.ask('wallet', 'pay', { key: sold, payer: dot.id, currency: 'USD', shares });
  await refund({ id: cal.id, sold }, 2_00);
  await w.ask('wallet', 'deliver', { key: randomUUID(), paymentKey: sold, payee: cal.id });
  await ask(cal, 17_00);
  await refund({ id: cal.id, sold }, 4_00);
  const share = { payee: cal.id, amount: 10_00, commission: 50 };
  await w.ask('wallet', 'collectCash', { key: randomUUID(), payer: dot.id, currency: 'USD', share });
  const last = await ask(cal, 1_00, { destination: 'closed-account' });
  await w.step();
  const path = '/v1/customers/cal/wallet/sales';
  const { body } = await cal.get(path);
  const lines = body.items.map((item: Record<string, unknown>) => [item.kind, item.from, item.to, item.amount, item.commission]);
  expect(lines).toEqual([
    ['payout-return', null, 'payable', 1_00, 0],
    ['netting', 'payable', 'receivable', 3_70, 0],
    ['payout', 'payable', null, 1_00, 0],
    ['cash', null, 'payable', 9_50, 50],
    ['refund', 'receivable', null, 3_70, 0],
    ['refund', 'payable', null, 10, -20],
    ['payout', 'payable', null, 17_00, 0],
    ['delivery', 'undelivered', 'payable', 17_10, 0],
    ['refund', 'undelivered', null, 1_90, -10],
    ['sale', null, 'undelivered', 19_00, 1_00],
  ]);
  expect(body.balances).toEqual(balance(5_80));
  expect(body.items[1].cause).toEqual({ kind: 'payout', id: last.body.id });
  const paged: unknown[] = [];
  for (let next: string | undefined = `${path}?limit=3`; next; ) {
    const reply = await cal.get(next);
    paged.push(...reply.body.items);
    next = /<([^>]+)>; rel="next"/.exec(reply.headers.get('link') ?? '')?.[1];
  }
  expect(paged).toEqual(body.items);
  expect(await dot.get(path)).toBeProblem(404, 'not-found');
  expect((await fred.get(path)).body).toEqual(body);
  expect((await fred.get('/v1/customers/dot/wallet/sales')).body).toEqual({ balances: [], items: [], nextCursor: null });
  const { wallet } = (await cal.get('/v1/customers/cal/export')).body;
  expect([wallet.sales, wallet.payouts.map(({ state }: { state: string }) => state)]).toEqual([body.items, ['failed', 'sent']]);
});

test('an account does not close while money is on its way to it, payable, or owed', async () => {
  const eli = await seller('eli', 10_00);
  const blockers = async () => (await w.ask<{ blockers: string[] }>('wallet', 'life.blockers', { accountId: eli.id })).blockers;
  expect(await blockers()).toEqual(['payable']);
  await ask(eli, 10_00);
  expect(await blockers()).toEqual(['payout']);
  await w.step();
  expect(await blockers()).toEqual([]);
  await refund(eli, 1_00);
  expect(await blockers()).toEqual(['receivable']);
});

test('a payout takes at most 4 statements in one commit, its statement two, a page of all payouts three', async () => {
  const flo = await seller('flo', 10_00);
  const made = await w.statements(() => ask(flo, 1_00));
  expect(made.length, made.join('\n---\n')).toBeLessThanOrEqual(4);
  expect(await w.statements(() => flo.get('/v1/customers/flo/wallet/sales'))).toHaveLength(2);
  expect((await w.statements(() => fred.get('/v1/payouts'))).length).toBeLessThanOrEqual(3);
  expect(await w.statements(() => flo.get('/v1/payouts'))).toHaveLength(1);
});
