import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { systemScope } from '#kernel/runtime.ts';
import type { Proof } from '#wallet';
import { type Person, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import type { Wallet } from './context.ts';
import { resumePayouts } from './send-payout.ts';

/** What leaves an order's money never exceeds what came in, whatever happens to the order and to its sellers' money, in any order. */

let w: World;
let bob: Person;
let sellers: [Person, Person];
const RICH = 90_000_00;

beforeAll(async () => {
  w = await world();
  [bob, ...sellers] = await Promise.all([w.buyer('bob', { balance: usd(RICH) }), w.person('sue'), w.person('max')]);
});

interface Money {
  undelivered: number;
  payable: number;
  receivable: number;
}
const NONE: Money = { undelivered: 0, payable: 0, receivable: 0 };
const DESTINATIONS = ['file', 'closed-account', 'lost-answer'] as const;

const [order, seller, amount] = [fc.nat(2), fc.nat(1), fc.integer({ min: 1, max: 12_00 })];
const step = fc.oneof(
  fc.record({ op: fc.constant('pay' as const), order, amounts: fc.tuple(amount, amount), fee: fc.nat(40) }),
  fc.record({ op: fc.constant('cash' as const), seller, amount, fee: fc.nat(40) }),
  { weight: 3, arbitrary: fc.record({ op: fc.constant('deliver' as const), order, seller }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('refund' as const), order, seller, amount, fee: fc.option(fc.nat(60), { nil: undefined }) }),
  },
  fc.record({ op: fc.constant('cancel' as const), order }),
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('payout' as const), seller, amount, destination: fc.constantFrom(...DESTINATIONS) }),
  },
  fc.record({ op: fc.constant('bank' as const) }),
  fc.record({ op: fc.constant('again' as const), which: fc.nat() }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const percent = (whole: number, part: number) => Math.floor((whole * part) / 100);
const ask = (operation: string, input: object) => w.ask('wallet', operation, input);

/** The call of a step, with keys of its own, so that it can be repeated. @returns null for what is no call of the wallet. */
function callOf(step: Step, orders: readonly string[]): (() => Promise<unknown>) | null {
  const key = randomUUID();
  const at = (index: number) => ({ paymentKey: orders[index]!, key });
  switch (step.op) {
    case 'pay': {
      const shares = sellers.map(({ id }, n) => ({ payee: id, amount: step.amounts[n], commission: percent(step.amounts[n]!, step.fee) }));
      return () => ask('pay', { key: orders[step.order], payer: bob.id, currency: 'USD', shares });
    }
    case 'cash': {
      const share = { payee: sellers[step.seller]!.id, amount: step.amount, commission: percent(step.amount, step.fee) };
      return () => ask('collectCash', { key, payer: bob.id, currency: 'USD', share });
    }
    case 'deliver':
      return () => ask('deliver', { ...at(step.order), payee: sellers[step.seller]!.id });
    case 'refund': {
      const commission = step.fee === undefined ? undefined : percent(step.amount, step.fee);
      return () =>
        ask('refund', {
          ...at(step.order),
          payee: sellers[step.seller]!.id,
          amount: step.amount,
          ...(commission === undefined ? {} : { commission }),
        });
    }
    case 'cancel':
      return () => ask('cancelPayment', { key: orders[step.order] });
    case 'payout':
      return async () => {
        const body = { ...usd(step.amount), destination: step.destination };
        const reply = await sellers[step.seller]!.post('/v1/payouts', body, { 'idempotency-key': key });
        if (reply.status !== 201) throw reply.body;
        return reply.body.id;
      };
    default:
      return null;
  }
}

/** The jobs ask the bank; then leases are over, and the timer asks again where an answer was lost. The clock stays, since sessions end. */
async function bank(): Promise<void> {
  await w.step();
  await w.sql("update wallet.payouts set lease_until = at where state = 'pending'");
  await resumePayouts(w.souk.runtime.context('wallet', systemScope) as Wallet);
}

const moneyOf = async (person: Person): Promise<Money> => {
  const [balance] = (await person.get(`/v1/customers/${person.username}/wallet/sales`)).body.balances;
  return balance ? { undelivered: balance.undelivered, payable: balance.payable, receivable: balance.receivable } : { ...NONE };
};
const brokenRules = async (full = false) => ((await ask('prove', { full })) as Proof).rules.filter(({ ok }) => !ok);
const freshOrders = () => [randomUUID(), randomUUID(), randomUUID()];

interface ShareModel {
  amount: number;
  commission: number;
  refunded: number;
  refundedCommission: number;
  delivered: boolean;
}

/** What should come of a step: pure, and in the words of money.md. @returns false where the wallet must refuse. */
function expected(step: Step, model: { bob: number; money: [Money, Money]; orders: (ShareModel[] | 'cancelled' | undefined)[] }): boolean {
  const takeBack = (share: ShareModel, n: number, amount: number, commission: number): void => {
    share.refunded += amount;
    share.refundedCommission += commission;
    const [money, part] = [model.money[n]!, amount - commission];
    const from = share.delivered ? Math.min(part, money.payable) : part;
    money[share.delivered ? 'payable' : 'undelivered'] -= from;
    money.receivable += part - from;
    model.bob += amount;
  };
  if (step.op === 'cash') model.money[step.seller]!.payable += step.amount - percent(step.amount, step.fee);
  if (step.op === 'payout') {
    const money = model.money[step.seller]!;
    const netted = Math.min(money.payable, money.receivable);
    if (step.amount > money.payable - netted) return false;
    money.payable -= netted + step.amount;
    money.receivable -= netted;
    if (step.destination === 'closed-account') money.payable += step.amount; // the bank is asked after every payout
  }
  if (step.op === 'pay' || step.op === 'deliver' || step.op === 'refund' || step.op === 'cancel') {
    const found = model.orders[step.order];
    if (step.op === 'cancel') {
      if (Array.isArray(found))
        for (const [n, share] of found.entries())
          takeBack(share, n, share.amount - share.refunded, share.commission - share.refundedCommission);
      model.orders[step.order] = Array.isArray(found) ? found : 'cancelled';
      return true;
    }
    if (step.op === 'pay') {
      if (found === 'cancelled') return false;
      if (found) return true; // decided by the caller: a key pays once
      model.orders[step.order] = step.amounts.map((amount) => ({
        amount,
        commission: percent(amount, step.fee),
        refunded: 0,
        refundedCommission: 0,
        delivered: false,
      }));
      for (const [n, amount] of step.amounts.entries()) {
        model.money[n]!.undelivered += amount - percent(amount, step.fee);
        model.bob -= amount;
      }
      return true;
    }
    const share = Array.isArray(found) ? found[step.seller] : undefined;
    if (!share) return false;
    const money = model.money[step.seller]!;
    if (step.op === 'refund') {
      const left = share.commission - share.refundedCommission;
      const commission = percent(step.amount, step.fee ?? 0);
      if (commission > left || step.amount - commission > share.amount - share.refunded - left) return false;
      takeBack(share, step.seller, step.amount, commission);
    } else if (!share.delivered) {
      const part = share.amount - share.refunded - share.commission + share.refundedCommission;
      share.delivered = true;
      money.undelivered -= part;
      money.payable += part;
    }
  }
  return true;
}

test('step by step, each told by several callers at once and again later, a model knows every balance', async () => {
  const seen = { done: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 8, maxLength: 24 }), async (steps) => {
      const orders = freshOrders();
      const paidOnce = new Set<number>();
      const model = { bob: (await bob.balance()).amount, money: (await Promise.all(sellers.map(moneyOf))) as [Money, Money], orders: [] };
      const accepted: (() => Promise<unknown>)[] = [];
      for (const drawn of steps) {
        const step: Step = drawn.op === 'refund' && drawn.fee === undefined ? { ...drawn, fee: 10 } : drawn; // proportions are for the storm
        const call = callOf(step, orders);
        if (step.op === 'again') await accepted[step.which % Math.max(1, accepted.length)]?.().catch(() => undefined);
        if (call && !(step.op === 'pay' && paidOnce.has(step.order))) {
          const outcomes = await Promise.allSettled([call(), call(), call()]);
          const isLawful = expected(step, model);
          expect(
            outcomes.map(({ status }) => status),
            JSON.stringify([step, outcomes]),
          ).toEqual(Array(3).fill(isLawful ? 'fulfilled' : 'rejected'));
          seen[isLawful ? 'done' : 'refused']++;
          if (isLawful) accepted.push(call);
          if (step.op === 'pay') paidOnce.add(step.order);
          if (step.op === 'payout') await bank();
        }
        expect([...(await Promise.all(sellers.map(moneyOf))), (await bob.balance()).amount], JSON.stringify(step)).toEqual([
          ...model.money,
          model.bob,
        ]);
      }
      expect(await brokenRules()).toEqual([]);
    }),
    { numRuns: 8 },
  );
  expect(seen).toEqual({ done: expect.toSatisfy((count) => count > 5), refused: expect.toSatisfy((count) => count > 3) });
}, 120_000);

test('all at once, no order gives more than it got, no payout is sent twice, and the six rules hold', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async (steps) => {
      const orders = freshOrders();
      const calls = steps.map(
        (step) => callOf(step, orders) ?? (step.op === 'bank' ? () => w.step() : () => callOf(steps[0]!, orders)?.()),
      );
      const outcomes = await Promise.allSettled([...calls, ...calls].map((call) => call()));
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(outcome.reason, String(outcome.reason?.stack)).toMatchObject({
            code: expect.stringMatching(/^(wallet\/|not-found|still-running)/),
          });
      await bank();
      expect(await brokenRules(true)).toEqual([]);
      const wrongOrders = await w.sql(`
        select p.id, p.amount, sum(s.refunded) from wallet.payments p join wallet.payment_shares s on s.payment_id = p.id
        group by p.id having sum(s.refunded) > p.amount or bool_or(s.delivered > s.amount - s.commission)`);
      expect(wrongOrders).toEqual([]);
      for (const person of sellers) {
        const { undelivered, payable, receivable } = await moneyOf(person);
        const [books] = await w.sql<{ sold: number; sent: number; open: number }>(`
          select (select coalesce(sum(amount - commission - refunded + refunded_commission), 0)::int from wallet.payment_shares where payee = '${person.id}') as sold,
                 (select coalesce(sum(amount), 0)::int from wallet.payouts where owner = '${person.id}' and state = 'sent') as sent,
                 (select count(*)::int from wallet.payouts where owner = '${person.id}' and state in ('pending', 'waiting')) as open`);
        const atTheBank = w.adapters.payouts.asked().filter(({ owner, outcome }) => owner === person.id && outcome === 'sent');
        expect([books!.sold - books!.sent, books!.open]).toEqual([undelivered + payable - receivable, 0]);
        expect(atTheBank.reduce((sum, { money }) => sum + money.amount, 0)).toBe(books!.sent);
      }
    }),
    { numRuns: 8 },
  );
}, 120_000);
