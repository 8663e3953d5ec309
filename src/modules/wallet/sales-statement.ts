import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { pageOf } from '#kernel/cursors.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { Currency } from '#kernel/money.ts';
import { Id, page, Time } from '#kernel/shapes.ts';
import type { Wallet } from './context.ts';
import { ownerOf } from './owner.ts';
import type { StatementQuery } from './statement.ts';

const Place = z.enum(['undelivered', 'payable', 'receivable']).nullable();

export const SalesLine = z
  .object({
    journalId: Id,
    kind: z
      .string()
      .meta({ description: 'sale, cash, delivery, refund, netting, payout, payout-return, write-off or capture', example: 'delivery' }),
    amount: z.int().meta({ description: 'Minor units that moved, without the commission', example: 1900 }),
    commission: z.int().meta({ description: 'What Souk got of a sale beside it; negative: what it gave back of it', example: 100 }),
    currency: Currency,
    from: Place.meta({ description: 'Null: from the buyer, or the bank', example: 'undelivered' }),
    to: Place.meta({ description: 'Null: to the buyer, or the bank', example: 'payable' }),
    cause: z.object({ kind: z.string(), id: z.string() }),
    at: Time,
  })
  .meta({ id: 'SalesLine' });

export const SalesBalance = z.object({
  currency: Currency,
  undelivered: z.int().meta({ description: 'Sold and not yet delivered' }),
  payable: z.int().meta({ description: 'Delivered, and not yet paid out' }),
  receivable: z
    .int()
    .meta({ description: 'What the seller owes, after refunds of what was paid out. It is subtracted from the next payout' }),
});

export const SalesStatement = page(SalesLine)
  .extend({ balances: z.array(SalesBalance) })
  .meta({ id: 'SalesStatement', description: "A seller's money: balances per currency, and every movement, newest first" });
type SalesStatement = z.infer<typeof SalesStatement>;

export interface SalesRow {
  journal_id: string;
  seq: number;
  kind: string;
  amount: number;
  commission: number;
  currency: z.infer<typeof Currency>;
  from: z.infer<typeof Place>;
  to: z.infer<typeof Place>;
  cause_kind: string;
  cause_id: string;
  at: Date;
}

/** What a seller has sold, is owed and owes, and every movement of it. */
export async function readSales(ctx: Wallet, username: string, query: z.infer<typeof StatementQuery>): Promise<SalesStatement> {
  const owner = await ownerOf(ctx, username);
  readsDataOf(ctx, owner);
  const [balances, lines] = await Promise.all([
    ctx.db.many<SalesStatement['balances'][number]>(salesBalances(owner)),
    pageOf(ctx, `sales:${owner}`, query, {
      rows: (before, rows) => ctx.db.many<SalesRow>(salesLines(owner, (before?.[0] ?? null) as number | null, rows)),
      position: (row) => [row.seq],
      item: salesLine,
    }),
  ]);
  return { balances, ...lines };
}

export const salesLine = ({ journal_id, cause_kind, cause_id, seq: _, at, ...line }: SalesRow): z.infer<typeof SalesLine> => ({
  journalId: journal_id,
  ...line,
  cause: { kind: cause_kind, id: cause_id },
  at: at.toISOString(),
});

/** `undelivered` keeps no balance of its own; it is the stored sum and what came since. */
export const salesBalances = (owner: string): Sql => sql`
  select a.currency, coalesce(sum(b.balance) filter (where a.purpose = 'undelivered'), 0)::bigint as undelivered,
    coalesce(sum(b.balance) filter (where a.purpose = 'payable'), 0)::bigint as payable,
    coalesce(-sum(b.balance) filter (where a.purpose = 'receivable'), 0)::bigint as receivable
  from wallet.accounts as a left join wallet.rollups as r on r.account_id = a.id
  cross join lateral (
    select case when a.guarded then a.balance else
      coalesce(r.balance, 0)
      + coalesce((select sum(amount) from wallet.transfers where credit_account = a.id and seq > coalesce(r.through_seq, 0)), 0)
      - coalesce((select sum(amount) from wallet.transfers where debit_account = a.id and seq > coalesce(r.through_seq, 0)), 0) end as balance
  ) as b
  where a.owner = ${owner} and a.purpose in ('undelivered', 'payable', 'receivable') group by a.currency order by a.currency`;

/** A transfer between two accounts of the seller is found by both, and is one line. */
export const salesLines = (owner: string, before: number | null, rows: number): Sql => {
  const side = (account: 'debit_account' | 'credit_account'): Sql => {
    const column = account === 'debit_account' ? sql`debit_account` : sql`credit_account`;
    return sql`(select journal_id, line, seq, kind, amount, currency, debit_account, credit_account, at from wallet.transfers
      where ${column} = a.id and seq < ${before ?? Number.MAX_SAFE_INTEGER} order by seq desc limit ${rows})`;
  };
  return sql`
    with own as materialized (
      select id, purpose from wallet.accounts where owner = ${owner} and purpose in ('undelivered', 'payable', 'receivable')
    ),
    lines as materialized (
      select distinct on (t.seq) t.* from own as a cross join lateral (${side('debit_account')} union all ${side('credit_account')}) as t
      order by t.seq desc limit ${rows}
    )
    select t.journal_id, t.seq, t.kind, t.amount, t.currency, j.cause_kind, j.cause_id, t.at,
      (select purpose from own where id = t.debit_account) as from, (select purpose from own where id = t.credit_account) as to,
      coalesce(case
        when t.kind in ('sale', 'cash') then
          (select s.commission from wallet.payment_shares as s where s.payment_id = j.cause_id::uuid and s.payee = ${owner})
        when t.kind = 'refund' and t.line = (select min(line) from wallet.transfers where journal_id = t.journal_id) then
          -(select sum(f.amount) from wallet.transfers as f join wallet.accounts as a on a.id = f.debit_account
            where f.journal_id = t.journal_id and a.purpose = 'fees')
      end, 0)::bigint as commission
    from lines as t join wallet.journals as j on j.id = t.journal_id
    order by t.seq desc`;
};
