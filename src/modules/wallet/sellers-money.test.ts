import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '#kernel/database.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Proof } from '#wallet';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import type { Wallet } from './context.ts';
import { external, PLATFORM, payable, post } from './ledger.ts';
import { summedBalance } from './rollup.ts';

let w: World;
let bob: Person;

beforeAll(async () => {
  w = await world();
  bob = await w.buyer('bob', { balance: usd(5_000_00) });
});

const brokenRules = async () => (await w.ask<Proof>('wallet', 'prove', { full: true })).rules.filter(({ ok }) => !ok);
const ask = (operation: string, input: object) => w.ask('wallet', operation, { key: randomUUID(), ...input });

/** Bob pays a share; @returns the key of the payment. */
async function sale(payee: string, amount: number, commission = 0): Promise<string> {
  const key = randomUUID();
  await ask('pay', { key, payer: bob.id, currency: 'USD', shares: [{ payee, amount, commission }] });
  return key;
}
const deliver = (paymentKey: string, payee: string) => ask('deliver', { paymentKey, payee });
const refund = (paymentKey: string, payee: string, amount: number, more: { commission?: number; key?: string } = {}) =>
  ask('refund', { paymentKey, payee, amount, ...more });
const collectCash = (payee: string, amount: number, commission: number, key: string = randomUUID()) =>
  ask('collectCash', { key, payer: bob.id, currency: 'USD', share: { payee, amount, commission } });

/** What a seller has sold and not delivered, is owed, and owes: in cents. */
async function moneyOf(owner: string): Promise<{ undelivered: number; payable: number; receivable: number }> {
  const { db } = w.souk.runtime.context('wallet', systemScope) as Wallet;
  const undelivered = await summedBalance(db, { owner, purpose: 'undelivered' }, 'USD');
  const stored = await db.many<{ purpose: string; balance: number }>(
    sql`select purpose, balance from wallet.accounts where owner = ${owner} and currency = 'USD' and purpose in ('payable', 'receivable')`,
  );
  const of = (purpose: string) => stored.find((row) => row.purpose === purpose)?.balance ?? 0;
  return { undelivered, payable: of('payable'), receivable: 0 - of('receivable') };
}
const paidOut = (owner: string, amount: number) =>
  post((w.souk.runtime.context('wallet', systemScope) as Wallet).db, {
    key: randomUUID(),
    cause: { kind: 'payout', id: randomUUID() },
    currency: 'USD',
    transfers: [{ debit: payable(owner), credit: external('payout'), amount, kind: 'withdrawal' }],
    at: w.clock.now(),
  });
const balanceOf = async (person: Person) => (await person.balance()).amount;

describe('delivery', () => {
  test('moves what is left of a share to what is owed to its seller, once, however many tell it at once', async () => {
    const [sue, max] = [randomUUID(), randomUUID()];
    const key = randomUUID();
    const shares = [
      { payee: sue, amount: 10_00, commission: 50 },
      { payee: max, amount: 7_00, commission: 0 },
    ];
    await ask('pay', { key, payer: bob.id, currency: 'USD', shares });
    await refund(key, sue, 2_00);
    await Promise.all(Array.from({ length: 10 }, () => deliver(key, sue)));
    expect([await moneyOf(sue), await moneyOf(max)]).toEqual([
      { undelivered: 0, payable: 7_60, receivable: 0 },
      { undelivered: 7_00, payable: 0, receivable: 0 },
    ]);
    expect(await brokenRules()).toEqual([]);
  });

  test('of the share of the platform, or of one that was refunded whole, moves nothing', async () => {
    const sue = randomUUID();
    const [own, gone] = [await sale(PLATFORM, 3_00), await sale(sue, 4_00, 20)];
    await refund(gone, sue, 4_00);
    for (const [key, payee] of [
      [own, PLATFORM],
      [own, PLATFORM],
      [gone, sue],
    ] as const)
      await deliver(key, payee);
    expect(await moneyOf(sue)).toEqual({ undelivered: 0, payable: 0, receivable: 0 });
    expect(await w.sql(`select delivered from wallet.payment_shares where payment_id in ('${own}', '${gone}')`)).toEqual([
      { delivered: 0 },
      { delivered: 0 },
    ]);
    await expect(deliver(own, sue)).rejects.toMatchObject({ code: 'not-found' });
    await expect(deliver(randomUUID(), sue)).rejects.toMatchObject({ code: 'not-found' });
    expect(await brokenRules()).toEqual([]);
  });

  test('cannot be taken back, not even by hand', async () => {
    const sue = randomUUID();
    const key = await sale(sue, 1_00);
    await deliver(key, sue);
    for (const change of ['null', 'delivered - 1'])
      await expect(w.sql(`update wallet.payment_shares set delivered = ${change} where payment_id = '${key}'`)).rejects.toThrow(
        'append-only',
      );
    const other = await sale(sue, 1_00, 10);
    await expect(w.sql(`update wallet.payment_shares set delivered = 91 where payment_id = '${other}'`)).rejects.toThrow('share_delivered');
  });
});

describe('a refund', () => {
  test('after delivery comes from what is owed to the seller, and what is missing the seller owes', async () => {
    const sue = randomUUID();
    const [paid, other] = [await sale(sue, 10_00, 1_00), await sale(sue, 4_00)];
    await deliver(other, sue);
    await deliver(paid, sue);
    await refund(other, sue, 4_00);
    await refund(paid, sue, 5_00);
    expect(await moneyOf(sue)).toEqual({ undelivered: 0, payable: 4_50, receivable: 0 });
    await paidOut(sue, 4_00);
    await refund(paid, sue, 2_00);
    expect(await moneyOf(sue)).toEqual({ undelivered: 0, payable: 0, receivable: 1_30 });
    await refund(paid, sue, 3_00);
    expect(await moneyOf(sue)).toEqual({ undelivered: 0, payable: 0, receivable: 4_00 });
    expect(await brokenRules()).toEqual([]);
  });

  test('says how much of it is commission, and neither part exceeds what is left', async () => {
    const sue = randomUUID();
    const key = await sale(sue, 10_00, 1_00);
    await refund(key, sue, 3_00, { commission: 90 });
    await refund(key, sue, 1_00, { commission: 0 });
    expect(await moneyOf(sue)).toEqual({ undelivered: 5_90, payable: 0, receivable: 0 });
    for (const [amount, commission, left] of [
      [6_00, 0, 5_90],
      [6_00, 11, 10],
      [5, 6, 5],
      [6_01, undefined, 6_00],
    ] as const)
      await expect(refund(key, sue, amount, commission === undefined ? {} : { commission })).rejects.toMatchObject({
        code: 'wallet/exceeds-payment',
        message: expect.stringContaining(`At most ${left} `),
      });
    await refund(key, sue, 5_95);
    expect(await moneyOf(sue)).toEqual({ undelivered: 4, payable: 0, receivable: 0 });
    await refund(key, sue, 5);
    expect(await moneyOf(sue)).toEqual({ undelivered: 0, payable: 0, receivable: 0 });
    expect(await brokenRules()).toEqual([]);
  });

  test('with twenty of them and the delivery at once gives back each part once', async () => {
    const sue = randomUUID();
    const before = await balanceOf(bob);
    const key = await sale(sue, 10_00, 50);
    const keys = Array.from({ length: 10 }, () => randomUUID());
    await Promise.all([...keys, ...keys].flatMap((one) => [refund(key, sue, 50, { key: one, commission: 2 }), deliver(key, sue)]));
    expect([await balanceOf(bob), await moneyOf(sue)]).toEqual([before - 5_00, { undelivered: 0, payable: 4_70, receivable: 0 }]);
    expect(await brokenRules()).toEqual([]);
  });
});

describe('cash that a courier collects', () => {
  test('is owed to the seller at once, without the commission, once per key', async () => {
    const sue = randomUUID();
    const key = randomUUID();
    const before = await balanceOf(bob);
    await Promise.all(Array.from({ length: 10 }, () => collectCash(sue, 20_00, 1_00, key)));
    await deliver(key, sue);
    expect([await moneyOf(sue), await balanceOf(bob)]).toEqual([{ undelivered: 0, payable: 19_00, receivable: 0 }, before]);
    await refund(key, sue, 5_00);
    expect([await moneyOf(sue), await balanceOf(bob)]).toEqual([{ undelivered: 0, payable: 14_25, receivable: 0 }, before + 5_00]);
    const own = randomUUID();
    await collectCash(PLATFORM, 3_00, 0, own);
    await refund(own, PLATFORM, 1_00);
    expect(await balanceOf(bob)).toBe(before + 6_00);
    expect(await brokenRules()).toEqual([]);
  });

  test('of a payment that was given up before is refused', async () => {
    const key = randomUUID();
    await ask('cancelPayment', { key });
    await expect(collectCash(randomUUID(), 1_00, 0, key)).rejects.toMatchObject({ code: 'wallet/payment-cancelled' });
  });
});

describe('those who have left', () => {
  const life = (step: string, accountId: string) => w.ask('wallet', `life.${step}`, { accountId });
  const leaves = async (accountId: string) => {
    for (const step of ['close', 'forget']) await life(step, accountId);
  };
  const platform = async (purpose: string) => {
    const { body } = await (await w.person('fred', ['finance'])).get(`/v1/ledger/platform?purpose=${purpose}`);
    const { balance = 0 } = body.balances.find((row: { purpose: string }) => row.purpose === purpose) ?? {};
    return { balance: balance as number, items: body.items };
  };
  const inWallet = async (owner: string) =>
    Number(
      (
        await w.sql<{ sum: string }>('select coalesce(sum(abs(balance)), 0) as sum from wallet.accounts where owner = $1 and guarded', [
          owner,
        ])
      )[0]!.sum,
    );
  const paidBy = async (buyer: Person, payee: string, amount: number, commission = 0) => {
    const key = randomUUID();
    await w.ask('wallet', 'pay', { key, payer: buyer.id, currency: 'USD', shares: [{ payee, amount, commission }] });
    return key;
  };

  test('a refund to them is not lost: it is unclaimed, where finance sees it with its cause', async () => {
    const lea = await w.buyer('lea', { balance: usd(30_00) });
    const [sue, before] = [randomUUID(), await platform('unclaimed')];
    const [waiting, arrived] = [await paidBy(lea, sue, 10_00, 1_00), await paidBy(lea, sue, 20_00)];
    await deliver(arrived, sue);
    await leaves(lea.id);
    await refund(waiting, sue, 10_00);
    await refund(arrived, sue, 20_00);
    expect(await inWallet(lea.id)).toBe(0);
    const { balance, items } = await platform('unclaimed');
    expect(balance - before.balance).toBe(30_00);
    expect(items.slice(0, 3)).toMatchObject([
      { kind: 'refund', amount: 20_00, cause: { kind: 'refund', id: arrived } },
      { kind: 'refund', cause: { id: waiting } },
      { kind: 'refund', cause: { id: waiting } },
    ]);
    expect(await brokenRules()).toEqual([]);
  });

  test('what a seller who has left would owe is a loss of the platform, and what is payable pays first', async () => {
    const [sue, before] = [randomUUID(), await platform('losses')];
    const key = await sale(sue, 10_00, 1_00);
    await deliver(key, sue);
    await paidOut(sue, 9_00);
    await leaves(sue);
    const had = await balanceOf(bob);
    await refund(key, sue, 10_00);
    expect((await balanceOf(bob)) - had).toBe(10_00);
    expect(await inWallet(sue)).toBe(0);
    expect((await platform('losses')).balance - before.balance).toBe(-9_00);
    expect(await brokenRules()).toEqual([]);
  });

  test('nothing stays with them of refunds that come while they leave', async () => {
    const [max, sue] = [await w.buyer('max', { balance: usd(20_00) }), await w.person('sue-leaves')];
    const before = [(await platform('unclaimed')).balance, (await platform('losses')).balance];
    const key = await paidBy(max, sue.id, 20_00);
    await deliver(key, sue.id);
    await paidOut(sue.id, 20_00);
    for (const { id } of [max, sue]) await life('close', id);
    await refund(key, sue.id, 3_00);
    expect(await Promise.all([inWallet(max.id), inWallet(sue.id)])).toEqual([3_00, 3_00]);
    await Promise.all([
      ...Array.from({ length: 10 }, () => refund(key, sue.id, 1_00)),
      life('forget', max.id),
      life('forget', sue.id),
      ...Array.from({ length: 7 }, () => refund(key, sue.id, 1_00)),
    ]);
    for (const { id } of [max, sue]) await life('forget', id); // as after a crash
    expect(await Promise.all([inWallet(max.id), inWallet(sue.id)])).toEqual([0, 0]);
    expect([(await platform('unclaimed')).balance - before[0]!, (await platform('losses')).balance - before[1]!]).toEqual([20_00, -20_00]);
    expect(await brokenRules()).toEqual([]);
  });
});

test('finance writes off what a seller owes, once for each key and never more, so that the seller can leave', async () => {
  const [fred, dan] = [await w.person('fred', ['finance']), await w.person('dan', ['finance'])];
  const key = await sale(dan.id, 10_00);
  await deliver(key, dan.id);
  await paidOut(dan.id, 10_00);
  await refund(key, dan.id, 10_00);
  const writes = (who: Person, amount: number, idempotencyKey: string = randomUUID(), reason: string = 'Sells no more.') =>
    who.post('/v1/customers/dan/wallet/write-off', { ...usd(amount), reason }, { 'idempotency-key': idempotencyKey });
  const again = randomUUID();
  const [first, second] = [await writes(fred, 4_00, again), await writes(fred, 4_00, again)];
  expect([first.status, first.body]).toEqual([201, { id: first.body.id, ...usd(4_00), reason: 'Sells no more.' }]);
  expect(second.body).toEqual(first.body);
  expect(await writes(fred, 6_01)).toBeProblem(409, 'wallet/owes-less');
  expect(await writes(dan, 1_00)).toBeProblem(403, 'wallet/own-debt');
  expect(await writes(fred, 1_00, randomUUID(), '')).toBeProblem(422, 'invalid');
  expect(await writes(fred, 9_007_199_254_740_991)).toBeProblem(409, 'wallet/amount-too-large');
  expect(await fred.post('/v1/customers/nobody/wallet/write-off', { ...usd(1), reason: 'x' })).toBeProblem(404, 'not-found');
  expect(await writes(bob, 1_00)).toBeProblem(403, 'forbidden');
  const blockers = async () => (await w.ask<{ blockers: string[] }>('wallet', 'life.blockers', { accountId: dan.id })).blockers;
  expect(await blockers()).toEqual(['receivable']);
  const all = await Promise.all(Array.from({ length: 4 }, () => writes(fred, 2_00)));
  expect(all.map(({ status }) => status).sort()).toEqual([201, 201, 201, 409]);
  expect(await blockers()).toEqual([]);
  const { items } = (await dan.get('/v1/customers/dan/wallet/sales')).body;
  expect(items[0]).toMatchObject({ kind: 'write-off', amount: 2_00, from: null, to: 'receivable', commission: 0 });
  const audited = await w.sql<{ outcome: string }>("select outcome from kernel.audit where operation like '%WriteOff' and subject = $1", [
    dan.id,
  ]);
  expect(audited.filter(({ outcome }) => outcome === 'done').length).toBeGreaterThanOrEqual(4);
  expect(await brokenRules()).toEqual([]);
});
