import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { systemScope } from '#kernel/runtime.ts';
import { usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

import type { Wallet } from './context.ts';
import { available, post, saleAccount } from './ledger.ts';

let w: World;

beforeAll(async () => {
  w = await world();
  await w.buyer('bob', { balance: usd(50_00) });
});

const JOURNAL = 'insert into wallet.journals (id, cause_kind, cause_id, key, entries, at)';
const TRANSFER = 'insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)';
const HOLD = 'insert into wallet.holds (id, owner, currency, amount, captured, released, reason, at)';
const PAYMENT = 'insert into wallet.payments (id, payer, currency, amount, state, at)';
const WRITE_OFF = 'insert into wallet.write_offs (id, owner, currency, amount, decided_by, at)';
const PAYOUT = 'insert into wallet.payouts (id, owner, currency, amount, state, destination_sealed, decided_by, at, ended_at, lease_until)';
const SHARE = 'insert into wallet.payment_shares (payment_id, payee, amount, commission, refunded, refunded_commission)';
const account = "(select id from wallet.accounts where purpose = 'available')";
const world_ = "(select id from wallet.accounts where purpose = 'external')";
const id = 'gen_random_uuid()';

/** A constraint of the ledger, and a statement that only it refuses. */
const REFUSED: [constraint: string, statement: string][] = [
  ['journal_once', `${JOURNAL} select ${id}, cause_kind, cause_id, key, entries, at from wallet.journals`],
  ['journal_whole', `${JOURNAL} values (${id}, 'charge', 'x', 'lonely', 1, now())`],
  [
    'journal_whole',
    `${TRANSFER} select journal_id, line + 1, debit_account, credit_account, currency, amount, kind, at from wallet.transfers limit 1`,
  ],
  ['journal_whole', `${TRANSFER} values (${id}, 1, ${world_}, ${account}, 'USD', 1, 'charge', now())`],
  [
    'journal_whole',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 2, now()) returning id)
    ${TRANSFER} select j.id, 1, ${world_}, ${account}, 'USD', 1, 'charge', now() from j`,
  ],
  [
    'journal_whole',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 1, now()) returning id)
    ${TRANSFER} select j.id, line, ${world_}, ${account}, 'USD', 1, 'charge', now() from j, generate_series(1, 2) as line`,
  ],
  ['journals_order_key', `${JOURNAL} values (${id}, 'order', 'x', 'pay:y', 1, now())`],
  ['journals_cause_kind_check', `${JOURNAL} values (${id}, 'theft', 'x', 'k', 1, now())`],
  ['journals_cause_id_check', `${JOURNAL} values (${id}, 'charge', '', 'k', 1, now())`],
  ['journals_entries_check', `${JOURNAL} values (${id}, 'charge', 'x', 'k', 0, now())`],
  [
    'transfer_accounts',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 1, now()) returning id)
    ${TRANSFER} select j.id, 1, ${world_}, ${account}, 'EUR', 1, 'charge', now() from j`,
  ],
  [
    'transfer_accounts',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 1, now()) returning id)
    ${TRANSFER} select j.id, 1, ${id}, ${account}, 'USD', 1, 'charge', now() from j`,
  ],
  [
    'transfer_accounts',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 1, now()) returning id), a as (
      insert into wallet.accounts (id, owner, purpose, currency, opened_at) values (${id}, 'x', 'held', 'USD', now()) returning id)
    ${TRANSFER} select j.id, 1, ${world_}, a.id, 'USD', 1, 'charge', now() from j, a`,
  ],
  [
    'transfer_accounts',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 2, now()) returning id)
    ${TRANSFER} select j.id, line, ${world_}, ${account}, case line when 1 then 'EUR' else 'USD' end, 1, 'charge', now() from j, generate_series(1, 2) as line`,
  ],
  ['transfers_amount_check', `${TRANSFER} values (${id}, 1, ${world_}, ${account}, 'USD', 0, 'charge', now())`],
  ['transfers_check', `${TRANSFER} values (${id}, 1, ${account}, ${account}, 'USD', 1, 'charge', now())`],
  [
    'balance_not_negative',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 1, now()) returning id)
    ${TRANSFER} select j.id, 1, ${account}, ${world_}, 'USD', 50_01, 'charge', now() from j`,
  ],
  [
    'balance_exact',
    `with j as (${JOURNAL} values (${id}, 'charge', 'x', 'k', 1, now()) returning id)
    ${TRANSFER} select j.id, 1, ${world_}, ${account}, 'USD', 9007199254740991, 'charge', now() from j`,
  ],
  [
    'receivable_not_exceeded',
    `with a as (insert into wallet.accounts (id, owner, purpose, currency, opened_at) values (${id}, 'x', 'receivable', 'USD', now()) returning id),
      j as (${JOURNAL} values (${id}, 'payout', 'x', 'k', 1, now()) returning id)
    ${TRANSFER} select j.id, 1, ${world_}, a.id, 'USD', 1, 'netting', now() from a, j`,
  ],
  ['held_equals_holds', `${HOLD} values (${id}, 'x', 'USD', 5, 0, 0, 'x', now())`],
  ['hold_not_exceeded', `${HOLD} values (${id}, 'x', 'USD', 5, 3, 3, 'x', now())`],
  ['holds_captured_check', `${HOLD} values (${id}, 'x', 'USD', 5, -1, 1, 'x', now())`],
  ['holds_released_check', `${HOLD} values (${id}, 'x', 'USD', 5, 1, -1, 'x', now())`],
  ['payouts_amount_check', `${PAYOUT} values (${id}, 'x', 'USD', 0, 'pending', null, null, now(), null, now())`],
  ['payouts_state_check', `${PAYOUT} values (${id}, 'x', 'USD', 1, 'lost', null, null, now(), null, now())`],
  ['payout_four_eyes', `${PAYOUT} values (${id}, 'x', 'USD', 1, 'pending', null, 'x', now(), null, now())`],
  ['payout_ended', `${PAYOUT} values (${id}, 'x', 'USD', 1, 'sent', null, null, now(), null, now())`],
  ['payout_ended', `${PAYOUT} values (${id}, 'x', 'USD', 1, 'pending', null, null, now(), now(), now())`],
  ['payout_forgets_destination', `${PAYOUT} values (${id}, 'x', 'USD', 1, 'sent', 'x', null, now(), now(), now())`],
  ['payments_amount_check', `${PAYMENT} values (${id}, 'x', 'USD', -1, 'paid', now())`],
  ['payments_state_check', `${PAYMENT} values (${id}, 'x', 'USD', 1, 'owed', now())`],
  ['payment_shares_amount_check', `${SHARE} values (${id}, 'x', 0, 0, 0, 0)`],
  ['payment_shares_check', `${SHARE} values (${id}, 'x', 5, 6, 0, 0)`],
  ['share_not_exceeded', `${SHARE} values (${id}, 'platform', 5, 1, 6, 1)`],
  ['share_part_not_exceeded', `${SHARE} values (${id}, 'x', 5, 1, 5, 0)`],
  ['share_delivered', `insert into wallet.payment_shares (payment_id, payee, amount, commission, delivered) values (${id}, 'x', 5, 1, 5)`],
  ['share_not_exceeded', `${SHARE} values (${id}, 'x', 5, 1, 5, 2)`],
  [
    'accounts_owner_purpose_currency_key',
    `insert into wallet.accounts (id, owner, purpose, currency, opened_at)
    select ${id}, owner, purpose, currency, opened_at from wallet.accounts`,
  ],
  [
    'accounts_purpose_check',
    `insert into wallet.accounts (id, owner, purpose, currency, opened_at) values (${id}, 'x', 'pocket', 'USD', now())`,
  ],
  [
    'accounts_of_platform',
    `insert into wallet.accounts (id, owner, purpose, currency, opened_at) values (${id}, 'x', 'unclaimed', 'USD', now())`,
  ],
  ['write_offs_amount_check', `${WRITE_OFF} values (${id}, 'x', 'USD', 0, 'y', now())`],
  ['write_off_four_eyes', `${WRITE_OFF} values (${id}, 'x', 'USD', 1, 'x', now())`],
  [
    'accounts_currency_check',
    `insert into wallet.accounts (id, owner, purpose, currency, opened_at) values (${id}, 'x', 'held', 'usd', now())`,
  ],
];

/** Statements that the triggers of the ledger refuse, by a part of what they say. */
const STAYS: [says: RegExp, statement: string][] = [
  ...['transfers', 'journals', 'checkpoints'].flatMap((table): [RegExp, string][] => [
    [/append-only/, `update wallet.${table} set at = now()`],
    [/append-only/, `delete from wallet.${table}`],
    [/append-only/, `truncate wallet.${table}`],
  ]),
  ...['accounts', 'holds', 'payments', 'payment_shares', 'payouts', 'write_offs'].flatMap((table): [RegExp, string][] => [
    [/append-only/, `delete from wallet.${table}`],
    [/append-only/, `truncate wallet.${table} cascade`],
  ]),
  [/follows from its transfers/, "update wallet.accounts set balance = balance + 1 where purpose = 'available'"],
  [/follows from its transfers/, "update wallet.accounts set owner = 'me'"],
];

describe('each constraint and trigger of the ledger refuses by itself', () => {
  test.each(REFUSED)('%s: %s', async (constraint, statement) => {
    await expect(w.sql(statement)).rejects.toMatchObject({ constraint });
  });

  test.each(STAYS)('%s: %s', async (says, statement) => {
    await expect(w.sql(statement)).rejects.toThrow(says);
  });

  test('an account opens empty, even if it is given a balance', async () => {
    await w.sql(
      `insert into wallet.accounts (id, owner, purpose, currency, balance, opened_at) values (${id}, 'rich', 'available', 'USD', 500, now())`,
    );
    expect(await w.sql("select balance::int from wallet.accounts where owner = 'rich'")).toEqual([{ balance: 0 }]);
  });

  /** Left out are two that never act alone: the trigger of accounts, and the other checks of holds, come first. */
  test('no check, unique key or trigger of these tables is without its case', async () => {
    const names = await w.sql<{ name: string }>(`
      select conname as name from pg_constraint where conrelid in (${['accounts', 'journals', 'transfers', 'holds', 'payments', 'payment_shares', 'payouts', 'write_offs'].map((table) => `'wallet.${table}'::regclass`).join()})
        and contype in ('c', 'u') and conname not in ('balance_only_where_guarded', 'holds_amount_check')`);
    expect(names.map(({ name }) => name).filter((name) => !REFUSED.some(([constraint]) => constraint === name))).toEqual([]);
    const triggers = await w.sql<{ name: string }>(
      "select distinct tgname as name from pg_trigger where not tgisinternal and tgrelid::regclass::text like 'wallet.%' order by 1",
    );
    expect(triggers.map(({ name }) => name)).toEqual([
      'accounts_stay',
      'append_only',
      'apply_transfers',
      'delivered_stays',
      'guard_account',
      'guard_identity',
      'guard_opening',
      'held_equals_holds',
      'holds_stay',
      'payments_stay',
      'payouts_stay',
      'refuse_empty_journal',
      'shares_stay',
      'states',
      'write_offs_stay',
    ]);
  });
});

test('a refusal of the database for another reason than too little money is thrown unchanged', async () => {
  const ctx = w.souk.runtime.context('wallet', systemScope) as Wallet;
  const bob = await w.buyer('as-it-is', { balance: usd(10_00) });
  const transfers = [{ debit: available(bob.id), credit: saleAccount(randomUUID()), amount: 0, kind: 'sale' as const }];
  const journal = { key: 'nothing', cause: { kind: 'order' as const, id: 'x' }, currency: 'USD', transfers, at: w.clock.now() };
  await expect(post(ctx.db, journal)).rejects.toMatchObject({ constraint: expect.any(String) });
});

describe('under one key, twenty at once', () => {
  const twenty = (operation: string, input: object) => Promise.all(Array.from({ length: 20 }, () => w.ask('wallet', operation, input)));
  const sums = async (owner: string) =>
    (
      await w.sql<{ sum: string }>(
        `select sum(t.amount) from wallet.transfers t join wallet.accounts a on a.id = t.credit_account where a.owner = '${owner}'`,
      )
    )[0]!.sum;

  test('a capture takes once, a later one the rest, and not more', async () => {
    const ann = await w.buyer('ann', { balance: usd(10_00) });
    const [holdKey, payee] = [randomUUID(), randomUUID()];
    await twenty('hold', { key: holdKey, owner: ann.id, currency: 'USD', amount: 5_00, reason: 'x', expiresAt: null });
    await twenty('capture', { key: randomUUID(), holdKey, payee, amount: 2_00 });
    expect(await sums(payee)).toBe('200');
    await twenty('capture', { key: randomUUID(), holdKey, payee, amount: 3_00 });
    expect(await sums(payee)).toBe('500');
    await expect(w.ask('wallet', 'capture', { key: randomUUID(), holdKey, payee, amount: 1 })).rejects.toMatchObject({
      code: 'wallet/hold-ended',
    });
    expect((await ann.get('/v1/customers/ann/wallet')).body.balances).toEqual([{ currency: 'USD', available: 5_00, held: 0 }]);
  });

  test('a refund gives back once, and its commission in odd parts adds up to the whole', async () => {
    const cy = await w.buyer('cyd', { balance: usd(10_00) });
    const [paymentKey, payee] = [randomUUID(), randomUUID()];
    await twenty('pay', { key: paymentKey, payer: cy.id, currency: 'USD', shares: [{ payee, amount: 9_99, commission: 35 }] });
    const commission = async () =>
      Number(
        (await w.sql(`select refunded_commission from wallet.payment_shares where payment_id = '${paymentKey}'`))[0]!.refunded_commission,
      );
    const seen: number[] = [];
    for (let part = 1; part <= 9; part++) {
      await twenty('refund', { key: randomUUID(), paymentKey, payee, amount: 1_11 });
      seen.push(await commission());
      expect(await cy.balance()).toEqual(usd(1 + part * 1_11));
    }
    expect(seen).toEqual(Array.from({ length: 9 }, (_, index) => Math.floor((35 * (index + 1)) / 9)));
    expect(await w.ask('wallet', 'prove', { full: true })).toMatchObject({ ok: true });
  });
});

test('a hold without an end never expires', async () => {
  const eve = await w.buyer('eve', { balance: usd(10_00) });
  await w.ask('wallet', 'hold', { key: randomUUID(), owner: eve.id, currency: 'USD', amount: 4_00, reason: 'x', expiresAt: null });
  w.clock.advance(20 * 365 * 86_400_000);
  await w.souk.step();
  expect(await w.sql(`select (amount - captured - released)::int as left from wallet.holds where owner = '${eve.id}'`)).toEqual([
    { left: 4_00 },
  ]);
});

test('a hold whose time is over ends although the one before it fails', async () => {
  const [zoe, yan] = [await w.buyer('zoe', { balance: usd(10_00) }), await w.buyer('yan', { balance: usd(10_00) })];
  const [first, second] = [randomUUID(), randomUUID()];
  const hold = (key: string, owner: string, inMs: number) => {
    const expiresAt = new Date(w.clock.now().getTime() + inMs).toISOString();
    return w.ask('wallet', 'hold', { key, owner, currency: 'USD', amount: 1_00, reason: 'x', expiresAt });
  };
  await hold(first, zoe.id, 1000);
  await hold(second, yan.id, 2000);
  const rename = (from: string, to: string) =>
    w.sql(
      `set session_replication_role = replica; update wallet.holds set owner = '${to}' where id = '${first}' and owner = '${from}'; set session_replication_role = default`,
    );
  await rename(zoe.id, 'nobody');
  w.clock.advance(60_000);
  await w.souk.step();
  expect(await w.sql(`select is_open from wallet.holds where id in ('${first}', '${second}') order by expires_at`)).toEqual([
    { is_open: true },
    { is_open: false },
  ]);
  await rename('nobody', zoe.id);
});

test('a charge that was left behind is resumed by one of two processes that look at once', async () => {
  const kai = await w.person('kai');
  await kai.post('/v1/customers/kai/wallet/charge', { ...usd(4_00), source: '4000000000000119' });
  const gateway = w.adapters.payments.simulated;
  const [arrived, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow = {
    ...gateway,
    charge: async (input: Parameters<typeof gateway.charge>[0]) => {
      arrived.resolve();
      await opened.promise;
      return gateway.charge(input);
    },
  };
  const other = await w.sibling({}, { adapters: { payments: { simulated: slow } } });
  w.clock.advance(60_000);
  const resumed = other.step();
  await arrived.promise;
  await w.step();
  expect(gateway.asked().at(-1)).toMatchObject({ money: usd(4_00), times: 1 });
  opened.resolve();
  await resumed;
  expect(gateway.asked().at(-1)).toMatchObject({ times: 2, outcome: 'succeeded' });
  expect(await kai.balance()).toEqual(usd(4_00));
});
