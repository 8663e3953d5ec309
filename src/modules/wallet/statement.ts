import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { pageOf } from '#kernel/cursors.ts';
import { sql } from '#kernel/database.ts';
import { Currency } from '#kernel/money.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, Id, Limit, type Page, Time } from '#kernel/shapes.ts';
import type { StatementLine } from '#wallet';
import type { Wallet } from './context.ts';
import type { Purpose } from './ledger.ts';
import { ownerOf } from './owner.ts';

export const WalletView = z.object({ balances: z.array(z.object({ currency: Currency, available: z.int(), held: z.int() })) }).meta({
  id: 'Wallet',
  description: 'Balances per currency, in minor units',
  example: { balances: [{ currency: 'USD', available: 12500, held: 0 }] },
});

/** The balances of an owner per currency: to spend, and held. The default currency is always listed. */
export async function readWallet(ctx: Wallet, username: string): Promise<z.infer<typeof WalletView>> {
  const owner = await ownerOf(ctx, username);
  readsDataOf(ctx, owner);
  const balances = await ctx.db.many<{ currency: z.infer<typeof Currency>; available: number; held: number }>(sql`
    select currency, coalesce(sum(balance) filter (where purpose = 'available'), 0)::bigint as available, coalesce(sum(balance) filter (where purpose = 'held'), 0)::bigint as held
    from wallet.accounts where owner = ${owner} and purpose in ('available', 'held') group by currency order by currency`);
  const currency = ctx.settings.defaultCurrency;
  return {
    balances: balances.some((balance) => balance.currency === currency) ? balances : [{ currency, available: 0, held: 0 }, ...balances],
  };
}

export const StatementQuery = z.object({ limit: Limit, cursor: Cursor });

export interface Line {
  journal_id: string;
  seq: number;
  kind: string;
  amount: number;
  currency: z.infer<typeof Currency>;
  cause_kind: string;
  cause_id: string;
  at: Date;
}

/** What came into and went out of the spendable balance, newest first. */
export async function readStatement(
  ctx: Wallet,
  username: string,
  query: z.infer<typeof StatementQuery>,
): Promise<Page<z.infer<typeof StatementLine>>> {
  const owner = await ownerOf(ctx, username);
  readsDataOf(ctx, owner);
  return pageOf(ctx, `statement:${owner}`, query, {
    rows: (before, rows) => ctx.db.many<Line>(statementPage(owner, (before?.[0] ?? null) as number | null, rows)),
    position: (row) => [row.seq],
    item: lineView,
  });
}

export const lineView = (row: Line): z.infer<typeof StatementLine> => ({
  journalId: row.journal_id,
  kind: row.kind,
  amount: row.amount,
  currency: row.currency,
  cause: { kind: row.cause_kind, id: row.cause_id },
  at: row.at.toISOString(),
});

export const statementPage = (owner: string, before: number | null, rows: number, purpose: Purpose = 'available') => sql`
  select t.journal_id, t.seq, t.kind, t.change as amount, t.currency, j.cause_kind, j.cause_id, t.at
  from wallet.accounts as a
  cross join lateral (
    (select journal_id, seq, kind, -amount as change, currency, at from wallet.transfers
     where debit_account = a.id and seq < ${before ?? Number.MAX_SAFE_INTEGER} order by seq desc limit ${rows})
    union all
    (select journal_id, seq, kind, amount, currency, at from wallet.transfers
     where credit_account = a.id and seq < ${before ?? Number.MAX_SAFE_INTEGER} order by seq desc limit ${rows})
  ) as t
  join wallet.journals as j on j.id = t.journal_id
  where a.owner = ${owner} and a.purpose = ${purpose}
  order by t.seq desc limit ${rows}`;

export const JournalView = z
  .object({
    id: Id,
    cause: z.object({ kind: z.string(), id: z.string() }),
    at: Time,
    transfers: z.array(
      z.object({
        debit: z.object({ owner: z.string(), purpose: z.string() }),
        credit: z.object({ owner: z.string(), purpose: z.string() }),
        amount: z.int(),
        currency: Currency,
        kind: z.string(),
      }),
    ),
  })
  .meta({ id: 'Journal' });

/** A journal with both sides of each of its transfers. */
export async function readJournal(ctx: Wallet, id: string): Promise<z.infer<typeof JournalView>> {
  const rows = await ctx.db.many<{
    cause_kind: string;
    cause_id: string;
    at: Date;
    debit_owner: string;
    debit_purpose: string;
    credit_owner: string;
    credit_purpose: string;
    amount: number;
    currency: z.infer<typeof Currency>;
    kind: string;
  }>(sql`
    select j.cause_kind, j.cause_id, j.at, d.owner as debit_owner, d.purpose as debit_purpose, c.owner as credit_owner, c.purpose as credit_purpose, t.amount, t.currency, t.kind
    from wallet.journals as j join wallet.transfers as t on t.journal_id = j.id
    join wallet.accounts as d on d.id = t.debit_account join wallet.accounts as c on c.id = t.credit_account
    where j.id = ${id} order by t.line`);
  const [first] = rows;
  if (!first) throw notFound();
  readsDataOf(ctx, null);
  return {
    id,
    cause: { kind: first.cause_kind, id: first.cause_id },
    at: first.at.toISOString(),
    transfers: rows.map((row) => ({
      debit: { owner: row.debit_owner, purpose: row.debit_purpose },
      credit: { owner: row.credit_owner, purpose: row.credit_purpose },
      amount: row.amount,
      currency: row.currency,
      kind: row.kind,
    })),
  };
}
