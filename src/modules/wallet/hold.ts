import type { z } from 'zod';
import { type Database, sql } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { holdEnded, type wallet } from '#wallet';
import type { Wallet } from './context.ts';
import { available, held, post, saleAccount } from './ledger.ts';
import { refuseTooLarge } from './limits.ts';

type Hold = z.infer<(typeof wallet)['operations']['hold']['input']>;
type Capture = z.infer<(typeof wallet)['operations']['capture']['input']>;

interface HoldRow {
  id: string;
  owner: string;
  currency: string;
  amount: number;
  captured: number;
  released: number;
}

/** Sets money aside: available -> held. A key that was given up before (a hold of nothing) is refused. */
export async function hold(ctx: Wallet, { key, owner, currency, amount, reason, expiresAt }: Hold): Promise<Nothing> {
  refuseTooLarge(ctx, amount, currency);
  const at = ctx.clock.now();
  const journal = {
    key: `hold:${key}`,
    cause: { kind: 'hold' as const, id: key },
    currency,
    at,
    transfers: [{ debit: available(owner), credit: held(owner), amount, kind: 'hold' as const }],
  };
  const row = sql`due as (
    insert into wallet.holds (id, owner, currency, amount, reason, expires_at, at)
    values (${key}, ${owner}, ${currency}, ${amount}, ${reason}, ${expiresAt}::timestamptz, ${at})
    on conflict do nothing returning id)`;
  return ctx.db.transaction(async (tx) => {
    if (await post(tx, journal, row)) return {};
    const before = await tx.one<{ amount: number }>(sql`select amount from wallet.holds where id = ${key}`);
    if (before.amount === 0) throw holdEnded();
    return {};
  });
}

/** Pays from a hold: held -> the payee. Once per key; captures and releases together never exceed the hold. */
export async function capture(ctx: Wallet, { key, holdKey, payee, amount }: Capture): Promise<Nothing> {
  return ctx.db.transaction(async (tx) => {
    const row = await lockHold(tx, holdKey);
    if (!row) throw notFound();
    if (await tx.maybe(sql`select 1 from wallet.journals where key = ${`capture:${key}`}`)) return {};
    if (amount > row.amount - row.captured - row.released) throw holdEnded();
    const transfers = [{ debit: held(row.owner), credit: saleAccount(payee), amount, kind: 'capture' as const }];
    const counted = sql`due as (update wallet.holds set captured = captured + ${amount} where id = ${holdKey} returning id)`;
    await post(
      tx,
      { key: `capture:${key}`, cause: { kind: 'hold', id: holdKey }, currency: row.currency, transfers, at: ctx.clock.now() },
      counted,
    );
    return {};
  });
}

/** Gives the rest of a hold back. A key that holds nothing yet is remembered, so that a late hold under it is refused. */
export async function releaseHold(ctx: Wallet, { key }: { key: string }): Promise<Nothing> {
  const at = ctx.clock.now();
  return ctx.db.transaction(async (tx) => {
    const forestalled = await tx.execute(sql`
      insert into wallet.holds (id, owner, currency, amount, reason, at) values (${key}, '', 'XXX', 0, 'given up', ${at}) on conflict do nothing`);
    if (forestalled > 0) return {};
    const row = await lockHold(tx, key);
    const left = row ? row.amount - row.captured - row.released : 0;
    if (row && left > 0) await giveRestBack(tx, row, left, at);
    return {};
  });
}

/** Releases holds whose time is over, a few at a time; each in a transaction of its own. */
export async function expireHolds(ctx: Wallet): Promise<void> {
  const due = await ctx.db.many<{ id: string }>(sql`
    select id from wallet.holds where is_open and expires_at <= ${ctx.clock.now()} order by expires_at limit 500`);
  for (const { id } of due)
    await releaseHold(ctx, { key: id }).catch((error) =>
      ctx.log.warn({ err: error, hold: id }, 'a hold could not be released; it is tried again'),
    );
}

async function giveRestBack(tx: Database, row: HoldRow, left: number, at: Date): Promise<void> {
  const transfers = [{ debit: held(row.owner), credit: available(row.owner), amount: left, kind: 'release' as const }];
  const counted = sql`due as (update wallet.holds set released = released + ${left} where id = ${row.id} returning id)`;
  await post(tx, { key: `release:${row.id}`, cause: { kind: 'hold', id: row.id }, currency: row.currency, transfers, at }, counted);
}

const lockHold = (db: Database, id: string): Promise<HoldRow | undefined> =>
  db.maybe<HoldRow>(sql`select id, owner, currency, amount, captured, released from wallet.holds where id = ${id} for update`);
