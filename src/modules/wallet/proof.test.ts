import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { raw } from '#kernel/database.ts';
import { systemScope } from '#kernel/runtime.ts';
import type { Proof } from '#wallet';
import { usd } from '../../../test/people.ts';
import { FRESH, OLD, SEALED } from '../../../test/tampered-ledger.ts';
import { type World, world } from '../../../test/world.ts';
import { makeCheckpoint } from './checkpoint.ts';
import type { Wallet } from './context.ts';
import { recomputeAll } from './full-proof.ts';
import { proveLedger } from './proof.ts';
import { rollUp } from './rollup.ts';

let w: World;

/** A ledger with some of everything: sales, refunds, holds, a cancelled payment, roll-ups; then a checkpoint; then some more. */
beforeAll(async () => {
  w = await world();
  await activity('before');
  const ctx = context();
  const isBehind = async () =>
    (await w.sql('select from wallet.rollup_progress where through_seq < (select max(seq) from wallet.transfers)')).length > 0;
  for (let turn = 0; turn < 50 && (await isBehind()); turn++) await rollUp(ctx);
  await makeCheckpoint(ctx, 1);
  await activity('after');
});

const context = () => w.souk.runtime.context('wallet', systemScope) as Wallet;

async function activity(when: string): Promise<void> {
  const bob = await w.buyer(`bob-${when}`, { balance: usd(50_00) });
  const sue = await w.person(`sue-${when}`);
  const [payee, sale, given, kept] = [sue.id, randomUUID(), randomUUID(), randomUUID()];
  const pay = (key: string) =>
    w.ask('wallet', 'pay', { key, payer: bob.id, currency: 'USD', shares: [{ payee, amount: 5_00, commission: 25 }] });
  await pay(sale);
  await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: sale, payee, amount: 1_00 });
  await w.ask('wallet', 'deliver', { key: randomUUID(), paymentKey: sale, payee });
  await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: sale, payee, amount: 1_00 });
  for (const destination of ['file', 'closed-account']) await sue.post('/v1/payouts', { ...usd(1_00), destination });
  await w.step();
  await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: sale, payee, amount: 2_00 });
  const finance = await w.person('finance', ['finance']);
  const written = await finance.post(`/v1/customers/sue-${when}/wallet/write-off`, { ...usd(3), reason: 'Too little to ask for.' });
  expect(written.status, JSON.stringify(written.body)).toBe(201);
  const gone = await w.buyer(`gone-${when}`, { balance: usd(3_00) });
  const last = randomUUID();
  await w.ask('wallet', 'pay', { key: last, payer: gone.id, currency: 'USD', shares: [{ payee, amount: 3_00, commission: 0 }] });
  for (const step of ['close', 'forget']) await w.ask('wallet', `life.${step}`, { accountId: gone.id });
  await w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: last, payee, amount: 1_00 });
  const share = { payee: randomUUID(), amount: 3_00, commission: 15 };
  await w.ask('wallet', 'collectCash', { key: randomUUID(), payer: bob.id, currency: 'USD', share });
  await pay(given);
  await w.ask('wallet', 'cancelPayment', { key: given });
  await pay(randomUUID());
  await w.ask('wallet', 'hold', { key: kept, owner: bob.id, currency: 'USD', amount: 9_00, reason: when, expiresAt: null });
  await w.ask('wallet', 'capture', { key: randomUUID(), holdKey: kept, payee: randomUUID(), amount: 2_00 });
}

const figuresOf = (proof: Proof): Record<string, unknown> => Object.assign({}, ...proof.rules.map(({ figures }) => figures));

/** What the proof says of a ledger in which a superuser has done this, past triggers and constraints; nothing of it stays. */
async function afterTampering(statement: string, full: boolean): Promise<{ figures: Record<string, unknown>; ok: boolean }> {
  let proof: Proof | undefined;
  await context()
    .db.transaction(async (tx) => {
      await tx.execute(raw('set transaction isolation level repeatable read') as never);
      await tx.execute(raw('set local session_replication_role = replica') as never);
      for (const part of statement.split(';')) await tx.execute(raw(part) as never);
      proof = await proveLedger({ ...w.souk.runtime.context('wallet', { ...systemScope, tx }) } as Wallet, { full });
      throw new Error('nothing stays');
    })
    .catch((error: Error) => expect(error.message).toBe('nothing stays'));
  return { figures: figuresOf(proof!), ok: proof!.ok };
}

const broken = (figure: unknown): boolean =>
  typeof figure === 'object' ? Object.values(figure ?? {}).some((sum) => sum !== 0) : Number(figure) > 0;

describe('the quick and the full proof', () => {
  test('find nothing in a ledger that nobody has touched, with a checkpoint and without', async () => {
    for (const full of [false, true]) {
      const proof = await w.ask<Proof>('wallet', 'prove', { full });
      expect([proof.ok, proof.full, figuresOf(proof).checkpoint], JSON.stringify(proof)).toEqual([true, full, 1]);
    }
    const [{ count }] = (await w.sql(`select count(*)::int from wallet.transfers where seq > ${OLD}`)) as [{ count: number }];
    expect(count).toBeGreaterThan(5);
    expect((await (await w.admin()).get('/v1/ledger/proof?full=true')).body).toMatchObject({ ok: true, full: true });
  });

  test.each([...FRESH, ...SEALED])('notice by %s: %s', async (figure, statement) => {
    for (const full of [false, true]) {
      const { ok, figures } = await afterTampering(statement, full);
      expect([ok, broken(figures[figure])], `${full ? 'full' : 'quick'} ${JSON.stringify(figures)}`).toEqual([false, true]);
    }
  });

  test('read in many small batches, the full proof finds the same, and reports its progress', async () => {
    await w.sql(`set session_replication_role = replica;
      insert into wallet.accounts (id, owner, purpose, currency, opened_at)
        select md5(purpose)::uuid, 'many', purpose, 'EUR', now() from unnest('{external,undelivered}'::text[]) as purpose;
      insert into wallet.payments select md5('p' || n)::uuid, 'many', 'EUR', 7, 'paid', now() from generate_series(1, 300) as n;
      insert into wallet.payment_shares select md5('p' || n)::uuid, 'many', 7, 0 from generate_series(1, 300) as n;
      insert into wallet.journals (id, cause_kind, cause_id, key, entries, at)
        select md5('j' || n)::uuid, 'order', md5('p' || n)::uuid::text, 'pay:' || md5('p' || n)::uuid, 2, now() from generate_series(1, 300) as n;
      insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)
        select md5('j' || n)::uuid, line, md5('external')::uuid, md5('undelivered')::uuid, 'EUR', line * 2 + 1 - line / 2, 'sale', now()
        from generate_series(1, 2) as line, generate_series(1, 300) as n;
      set session_replication_role = default`);
    const seen: number[] = [];
    const ctx = w.souk.runtime.context('wallet', { ...systemScope, onProgress: (done, total) => seen.push(done / total) }) as Wallet;
    const wrong = async (statement: string): Promise<object> => {
      let found: [string, unknown][] = [];
      const work = ctx.db.transaction(async (tx) => {
        for (const part of ['set local session_replication_role = replica', statement]) await tx.execute(raw(part) as never);
        found = Object.entries(await recomputeAll(ctx, tx, () => {}, { pages: 1, rows: 7 }));
        throw new Error('nothing stays');
      });
      await expect(work).rejects.toThrow('nothing stays');
      return Object.fromEntries(found.filter(([, figure]) => broken(figure)));
    };
    expect(await wrong('select 1')).toEqual({});
    expect([seen.length > 40, seen.at(-1), seen.every((share, turn) => share >= (seen[turn - 1] ?? 0))]).toEqual([true, 1, true]);
    expect(await wrong("update wallet.payments set amount = 8 where currency = 'EUR'")).toEqual({ wrong_payments: 300 });
    expect(
      await wrong("update wallet.journals set entries = 3 where key in (select 'pay:' || id from wallet.payments where currency = 'EUR')"),
    ).toEqual({
      broken_journals: 300, // also those whose two lines are in different batches
    });
    expect(await wrong("update wallet.transfers set currency = 'USD' where currency = 'EUR'")).toEqual({ wrong_currencies: 600 });
  });

  test('of a call is one at a time, and ends when its time is over', async () => {
    const admin = await w.admin();
    const full = () => admin.get('/v1/ledger/proof?full=true');
    const refused = await context().db.transaction(async (tx) => {
      await tx.execute(raw('select pg_advisory_xact_lock(7281005)') as never);
      return full();
    });
    expect(refused).toBeProblem(503, 'unavailable');
    expect(refused.body.reason).toMatch('Another full proof');
    expect((await full()).body.ok).toBe(true);
    for (const limited of [true, false])
      await expect(proveLedger(context(), { full: limited, limitMs: 1 })).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('have a case here for every figure that can be broken', async () => {
    const counted = ['accounts', 'transfers', 'journals', 'openHolds', 'checkpoint'];
    const figures = Object.keys(figuresOf(await w.ask<Proof>('wallet', 'prove', {}))).filter((figure) => !counted.includes(figure));
    expect([...new Set([...FRESH, ...SEALED].map(([figure]) => figure))].sort()).toEqual(figures.sort());
  });
});

test('checkpoints follow each other by their seals, and none is made of a ledger whose proof fails', async () => {
  const ctx = context();
  const numbers = async () =>
    (await w.sql<{ number: string }>('select number from wallet.checkpoints order by number')).map(({ number }) => Number(number));
  await w.sql(
    'set session_replication_role = replica; update wallet.transfers set amount = amount + 1 where seq = 1; set session_replication_role = default',
  );
  for (let turn = 0; turn < 3; turn++) await rollUp(ctx);
  await makeCheckpoint(ctx, 1);
  expect(await numbers()).toEqual([1]);
  await w.sql(
    'set session_replication_role = replica; update wallet.transfers set amount = amount - 1 where seq = 1; set session_replication_role = default',
  );
  await makeCheckpoint(ctx, 1);
  expect(await numbers()).toEqual([1, 2]);
  for (const full of [false, true]) expect(await w.ask('wallet', 'prove', { full })).toMatchObject({ ok: true });
  const { figures } = await afterTampering('delete from wallet.checkpoints where number = 1', true);
  expect(figures.brokenCheckpoints).toBeGreaterThan(0);
});

describe('a checkpoint', () => {
  test('between the lines of one journal counts the journal once', async () => {
    const ctx = context();
    const bob = await w.buyer('bob-between', { balance: usd(9_00) });
    const shares = [{ payee: randomUUID(), amount: 5_00, commission: 25 }];
    await w.ask('wallet', 'pay', { key: randomUUID(), payer: bob.id, currency: 'USD', shares });
    await w.sql(
      'update wallet.rollup_progress set next_seq = (select max(seq) - 1 from wallet.transfers), next_seen_at = clock_timestamp()',
    );
    await rollUp(ctx);
    for (let turn = 0; turn < 2; turn++) {
      await makeCheckpoint(ctx, 1);
      for (const full of [false, true]) expect(await w.ask('wallet', 'prove', { full })).toMatchObject({ ok: true });
      for (let turn = 0; turn < 3; turn++) await rollUp(ctx);
    }
  });

  test('of numbers that no transfer has, since what took them was undone, changes no digest', async () => {
    const ctx = context();
    const before = (await w.sql<{ number: number }>('select max(number)::int as number from wallet.checkpoints'))[0]!.number;
    for (let turn = 0; turn < 3; turn++) await rollUp(ctx);
    await makeCheckpoint(ctx, 1);
    await w.sql("select nextval(pg_get_serial_sequence('wallet.transfers', 'seq'))");
    for (let turn = 0; turn < 3; turn++) await rollUp(ctx);
    await makeCheckpoint(ctx, 1);
    const [newest] = await w.sql<{ number: number; through: boolean }>(
      `select number::int, through_seq > (select max(seq) from wallet.transfers) as through from wallet.checkpoints order by number desc limit 1`,
    );
    expect(newest!.number).toBeGreaterThan(before);
    expect(newest!.through).toBe(true);
    expect(await w.ask('wallet', 'prove', {})).toMatchObject({ ok: true });
  });

  test('without an earlier one it starts from the beginning, even if sums of another one are left', async () => {
    const ctx = context();
    await w.sql(`set session_replication_role = replica; delete from wallet.checkpoints;
      update wallet.rollup_progress set checkpoint = 0, checkpoint_seal = ''; set session_replication_role = default`);
    expect(Number((await w.sql('select count(*) from wallet.sealed_sums'))[0]!.count)).toBeGreaterThan(0);
    await makeCheckpoint(ctx, 1);
    const proof = await w.ask<Proof>('wallet', 'prove', {});
    expect([proof.ok, figuresOf(proof).checkpoint]).toEqual([true, 1]);
  });
});
