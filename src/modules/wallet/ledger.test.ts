import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '#kernel/database.ts';
import { systemScope } from '#kernel/runtime.ts';
import { usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { PLATFORM } from './ledger.ts';
import { rollUp, summedBalance } from './rollup.ts';

let w: World;

beforeAll(async () => {
  w = await world();
});

const proof = async () => (await (await w.admin()).get('/v1/ledger/proof')).body as { ok: boolean; rules: { rule: string; ok: boolean }[] };
const brokenRules = async () => (await proof()).rules.filter(({ ok }) => !ok).map(({ rule }) => rule[0]);
const pay = (payer: string, amount: number, key: string = randomUUID(), payee: string = randomUUID(), commission = 0) =>
  w.ask('wallet', 'pay', { key, payer, currency: 'USD', shares: [{ payee, amount, commission }] });

describe('the database refuses', () => {
  test.each([
    ['a transfer to be changed', 'update wallet.transfers set amount = 1'],
    ['a transfer to be deleted', 'delete from wallet.transfers'],
    ['all transfers to be truncated', 'truncate wallet.transfers'],
    ['a journal to be changed', "update wallet.journals set cause_id = 'x'"],
    ['an account to be deleted', 'delete from wallet.accounts'],
    ['a balance to be set by hand', 'update wallet.accounts set balance = balance + 1 where guarded'],
    ['an account to change hands', "update wallet.accounts set owner = 'me'"],
    ['a payment to be deleted', 'delete from wallet.payment_shares'],
    [
      'a journal without transfers',
      "insert into wallet.journals (id, cause_kind, cause_id, key, entries, at) values (gen_random_uuid(), 'charge', 'x', 'lonely', 1, now())",
    ],
    [
      'a journal without a cause',
      "insert into wallet.journals (id, cause_kind, cause_id, key, entries, at) values (gen_random_uuid(), 'charge', '', 'causeless', 1, now())",
    ],
    [
      'a transfer added to an old journal',
      "insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at) select journal_id, 99, debit_account, credit_account, currency, 1, 'charge', now() from wallet.transfers limit 1",
    ],
    [
      'a transfer in a currency that its accounts do not have',
      `with j as (insert into wallet.journals (id, cause_kind, cause_id, key, entries, at) values (gen_random_uuid(), 'charge', 'x', 'foreign', 1, now()) returning id)
       insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at) select j.id, 1, debit_account, credit_account, 'EUR', 1, 'charge', now() from j, (select * from wallet.transfers limit 1) as t`,
    ],
    [
      'held money to move without a hold',
      `with a as (insert into wallet.accounts (id, owner, purpose, currency, opened_at) values ('00000000-0000-4000-8000-00000000000a', 'x', 'held', 'USD', now()) returning id),
            j as (insert into wallet.journals (id, cause_kind, cause_id, key, entries, at) values (gen_random_uuid(), 'charge', 'x', 'sneaky', 1, now()) returning id)
       insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)
       select j.id, 1, (select id from wallet.accounts where purpose = 'external' limit 1), a.id, 'USD', 1, 'charge', now() from a, j`,
    ],
    [
      'a hold without money',
      "insert into wallet.holds (id, owner, currency, amount, reason, at) values (gen_random_uuid(), 'x', 'USD', 5, 'x', now())",
    ],
    [
      'more captured than was held',
      "insert into wallet.holds (id, owner, currency, amount, captured, reason, at) values (gen_random_uuid(), 'x', 'USD', 5, 6, 'x', now())",
    ],
  ])('%s', async (_, statement) => {
    await w.buyer('ledger-bob', { balance: usd(1_00) });
    await expect(w.sql(statement)).rejects.toThrow();
    expect(await proof()).toMatchObject({ ok: true });
  });
});

describe('the proof notices', () => {
  const tampered = async (statement: string) => {
    const sick = await world();
    const bob = await sick.buyer('bob', { balance: usd(50_00) });
    await sick.ask('wallet', 'pay', {
      key: randomUUID(),
      payer: bob.id,
      currency: 'USD',
      shares: [{ payee: randomUUID(), amount: 5_00, commission: 10 }],
    });
    await sick.ask('wallet', 'hold', { key: randomUUID(), owner: bob.id, currency: 'USD', amount: 3_00, reason: 'x', expiresAt: null });
    await sick.sql(`set session_replication_role = replica; ${statement}; set session_replication_role = default`);
    const { body } = await (await sick.admin()).get('/v1/ledger/proof');
    expect(body.ok).toBe(false);
    return body.rules.filter(({ ok }: { ok: boolean }) => !ok).map(({ rule }: { rule: string }) => Number(rule[0]));
  };

  test.each([
    [1, 'a balance that was raised', "update wallet.accounts set balance = balance + 1 where purpose = 'available'"],
    [1, 'a transfer whose amount was changed', "update wallet.transfers set amount = amount + 1 where kind = 'sale'"],
    [
      2,
      'a balance below zero',
      "alter table wallet.accounts drop constraint balance_not_negative; update wallet.accounts set balance = -1 where purpose = 'available'",
    ],
    [4, 'a hold that was forgotten', 'update wallet.holds set released = amount'],
    [5, 'a transfer that vanished', "delete from wallet.transfers where kind = 'commission'"],
    [6, 'a payment that says less than was paid', 'update wallet.payments set amount = amount - 1'],
  ])('rule %i: %s', async (rule, _, statement) => {
    expect(await tampered(statement)).toContain(rule);
  });
});

describe('a payment', () => {
  test('takes effect once per key, at once or later', async () => {
    const bob = await w.buyer('once', { balance: usd(10_00) });
    const key = randomUUID();
    await Promise.all(Array.from({ length: 10 }, () => pay(bob.id, 3_00, key)));
    expect(await bob.balance()).toEqual(usd(7_00));
  });

  test('given up before it was made can never be made', async () => {
    const bob = await w.buyer('tombstone', { balance: usd(10_00) });
    const key = randomUUID();
    await w.ask('wallet', 'cancelPayment', { key });
    await expect(pay(bob.id, 3_00, key)).rejects.toMatchObject({ code: 'wallet/payment-cancelled' });
    await w.ask('wallet', 'releaseHold', { key });
    await expect(
      w.ask('wallet', 'hold', { key, owner: bob.id, currency: 'USD', amount: 1, reason: 'x', expiresAt: null }),
    ).rejects.toMatchObject({ code: 'wallet/hold-ended' });
    expect(await bob.balance()).toEqual(usd(10_00));
  });

  test('given up after it was made comes back whole, the commission too, once', async () => {
    const bob = await w.buyer('undone', { balance: usd(10_00) });
    const key = randomUUID();
    await pay(bob.id, 9_99, key, randomUUID(), 33);
    await Promise.all([w.ask('wallet', 'cancelPayment', { key }), w.ask('wallet', 'cancelPayment', { key })]);
    expect(await bob.balance()).toEqual(usd(10_00));
    expect(await brokenRules()).toEqual([]);
  });

  test('given back in parts can be given up, which gives back the rest, and be it nothing', async () => {
    const bob = await w.buyer('nothing-left', { balance: usd(10_00) });
    const [partly, wholly, payee] = [randomUUID(), randomUUID(), randomUUID()];
    for (const [paymentKey, amount] of [
      [partly, 1_00],
      [wholly, 4_00],
    ] as const) {
      await pay(bob.id, 4_00, paymentKey, payee, 40);
      await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey, payee, amount });
      await w.ask('wallet', 'cancelPayment', { key: paymentKey });
    }
    expect(await bob.balance()).toEqual(usd(10_00));
    expect(await brokenRules()).toEqual([]);
  });

  test('to the platform itself comes back without a commission', async () => {
    const bob = await w.buyer('own-sale', { balance: usd(10_00) });
    const key = randomUUID();
    await pay(bob.id, 4_00, key, PLATFORM);
    await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: key, payee: PLATFORM, amount: 3_00 });
    expect(await bob.balance()).toEqual(usd(9_00));
    const lines = await w.sql<{ kind: string; amount: number }>(
      `select t.kind, t.amount::int from wallet.transfers t join wallet.journals j on j.id = t.journal_id where j.cause_id = '${key}' order by t.seq`,
    );
    expect(lines).toEqual([
      { kind: 'sale', amount: 4_00 },
      { kind: 'refund', amount: 3_00 },
    ]);
  });

  test('is given back in parts that never exceed it, with twenty asking at once', async () => {
    const bob = await w.buyer('parts', { balance: usd(10_00) });
    const [key, payee] = [randomUUID(), randomUUID()];
    await pay(bob.id, 10_00, key, payee, 50);
    const asked = await Promise.allSettled(
      Array.from({ length: 20 }, () => w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: key, payee, amount: 99 })),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    for (const refused of asked.filter((result) => result.status === 'rejected'))
      expect(refused.reason).toMatchObject({ code: 'wallet/exceeds-payment' });
    expect(await bob.balance()).toEqual(usd(9_90));
    expect(await brokenRules()).toEqual([]);
  });
});

test('a hold whose rest went back pays nobody any more', async () => {
  const bob = await w.buyer('released', { balance: usd(10_00) });
  const [key, payee] = [randomUUID(), randomUUID()];
  await w.ask('wallet', 'hold', { key, owner: bob.id, currency: 'USD', amount: 4_00, reason: 'a request', expiresAt: null });
  await w.ask('wallet', 'capture', { key: randomUUID(), holdKey: key, payee, amount: 1_00 });
  await w.ask('wallet', 'releaseHold', { key });
  await expect(w.ask('wallet', 'capture', { key: randomUUID(), holdKey: key, payee, amount: 1 })).rejects.toMatchObject({
    code: 'wallet/hold-ended',
  });
  expect(await bob.balance()).toEqual(usd(9_00));
});

test('a hold ends by itself when its time is over', async () => {
  const bob = await w.buyer('holder', { balance: usd(10_00) });
  const expiresAt = new Date(w.clock.now().getTime() + 60_000).toISOString();
  await w.ask('wallet', 'hold', { key: randomUUID(), owner: bob.id, currency: 'USD', amount: 4_00, reason: 'a request', expiresAt });
  expect((await bob.get('/v1/customers/holder/wallet')).body.balances).toEqual([{ currency: 'USD', available: 6_00, held: 4_00 }]);
  w.clock.advance(61_000);
  await w.step();
  expect(await bob.balance()).toEqual(usd(10_00));
});

test('sums of accounts without a balance are right before, between and after roll-ups', async () => {
  const ctx = w.souk.runtime.context('wallet', systemScope) as Parameters<typeof rollUp>[0];
  const bob = await w.buyer('roller', { balance: usd(100_00) });
  const payee = randomUUID();
  const undelivered = () => summedBalance(ctx.db, { owner: payee, purpose: 'undelivered' }, 'USD');
  for (let round = 1; round <= 4; round++) {
    await pay(bob.id, 5_00, randomUUID(), payee);
    expect(await undelivered()).toBe(round * 5_00);
    await rollUp(ctx);
    expect(await undelivered()).toBe(round * 5_00);
  }
  const returned = randomUUID();
  await pay(bob.id, 8_00, returned, payee);
  await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: returned, payee, amount: 3_00 });
  expect(await undelivered()).toBe(25_00);
  for (let turn = 0; turn < 3; turn++) await rollUp(ctx);
  expect(await undelivered()).toBe(25_00);
  const [rolled] = await w.sql<{ through_seq: string }>(`select through_seq from wallet.rollups order by through_seq desc limit 1`);
  expect(Number(rolled?.through_seq)).toBeGreaterThan(0);
  expect(await brokenRules()).toEqual([]);
});

test('a roll-up waits for a transaction that commits late', async () => {
  const ctx = w.souk.runtime.context('wallet', systemScope) as Parameters<typeof rollUp>[0];
  const bob = await w.buyer('late', { balance: usd(100_00) });
  const payee = randomUUID();
  await pay(bob.id, 1_00, randomUUID(), payee);
  let commit = () => {};
  const late = ctx.together(async (inside) => {
    await inside.db.many(sql`select 1`);
    const wallet = w.souk.runtime.context('wallet', { ...systemScope, tx: inside.db as never }) as Parameters<typeof rollUp>[0];
    const { pay: payInside } = await import('./pay.ts');
    await payInside(wallet, { key: randomUUID(), payer: bob.id, currency: 'USD', shares: [{ payee, amount: 1_00, commission: 0 }] });
    await new Promise<void>((resolve) => (commit = resolve));
  });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await pay((await w.buyer('early', { balance: usd(5_00) })).id, 2_00, randomUUID(), payee);
  for (let turn = 0; turn < 3; turn++) await rollUp(ctx);
  commit();
  await late;
  for (let turn = 0; turn < 3; turn++) await rollUp(ctx);
  expect(await summedBalance(ctx.db, { owner: payee, purpose: 'undelivered' }, 'USD')).toBe(4_00);
  expect(await brokenRules()).toEqual([]);
});

test('with all operations at the same time, in any order, the six rules hold', async () => {
  const people = await Promise.all([1, 2, 3].map((n) => w.buyer(`random${n}`, { balance: usd(20_00) })));
  const sellers = [randomUUID(), randomUUID()];
  const keys = Array.from({ length: 6 }, () => randomUUID());
  const amount = fc.integer({ min: 1, max: 15_00 });
  const [who, key, seller] = [fc.nat(2), fc.nat(5), fc.nat(1)];
  const step = fc.oneof(
    fc.record({ op: fc.constant('charge' as const), who, amount }),
    fc.record({ op: fc.constant('pay' as const), who, key, seller, amount }),
    fc.record({ op: fc.constant('cancelPayment' as const), key }),
    fc.record({ op: fc.constant('refund' as const), key, seller, amount }),
    fc.record({ op: fc.constant('hold' as const), who, key, amount }),
    fc.record({ op: fc.constant('capture' as const), key, seller, amount }),
    fc.record({ op: fc.constant('releaseHold' as const), key }),
  );
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
  const run = (s: Step): Promise<unknown> => {
    if (s.op === 'charge') return people[s.who]!.charge(usd(s.amount));
    const id = keys[s.key]!;
    if (s.op === 'pay') return pay(people[s.who]!.id, s.amount, id, sellers[s.seller]!, Math.floor(s.amount / 20));
    if (s.op === 'refund')
      return w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: id, payee: sellers[s.seller]!, amount: s.amount });
    if (s.op === 'hold')
      return w.ask('wallet', 'hold', {
        key: id,
        owner: people[s.who]!.id,
        currency: 'USD',
        amount: s.amount,
        reason: 'random',
        expiresAt: null,
      });
    if (s.op === 'capture')
      return w.ask('wallet', 'capture', { key: randomUUID(), holdKey: id, payee: sellers[s.seller]!, amount: s.amount });
    return w.ask('wallet', s.op, { key: id });
  };
  let done = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
      const outcomes = await Promise.allSettled(steps.map(run));
      for (const outcome of outcomes) {
        if (outcome.status === 'fulfilled') done++;
        else expect(outcome.reason, String(outcome.reason?.stack)).toMatchObject({ code: expect.stringMatching(/^(wallet\/|not-found)/) });
      }
      expect(await brokenRules()).toEqual([]);
      for (let i = 0; i < keys.length; i++) keys[i] = randomUUID();
    }),
    { numRuns: 25 },
  );
  expect(done).toBeGreaterThan(50);
}, 120_000);
