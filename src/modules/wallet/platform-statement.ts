import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { pageOf } from '#kernel/cursors.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { Currency } from '#kernel/money.ts';
import { page } from '#kernel/shapes.ts';
import { StatementLine } from '#wallet';
import type { Wallet } from './context.ts';
import { PLATFORM } from './ledger.ts';
import { type Line, lineView, StatementQuery, statementPage } from './statement.ts';

const Purpose = z.enum(['revenue', 'fees', 'unclaimed', 'losses']).meta({
  description:
    '`revenue`: own sales. `fees`: commissions. `unclaimed`: refunds to people whose accounts are erased. `losses`, negative: debts that nobody pays',
  example: 'unclaimed',
});

export const PlatformQuery = StatementQuery.extend({ purpose: Purpose.default('unclaimed') });

export const PlatformStatement = page(StatementLine)
  .extend({ balances: z.array(z.object({ purpose: Purpose, currency: Currency, balance: z.int() })) })
  .meta({ id: 'PlatformStatement', description: "The platform's own money: balances, and the movements of one purpose, newest first" });

/** What the platform has by itself, and every movement of one purpose. */
export async function readPlatform(
  ctx: Wallet,
  { purpose, ...query }: z.infer<typeof PlatformQuery>,
): Promise<z.infer<typeof PlatformStatement>> {
  readsDataOf(ctx, null);
  const [balances, lines] = await Promise.all([
    ctx.db.many<z.infer<typeof PlatformStatement>['balances'][number]>(platformBalances),
    pageOf(ctx, `platform:${purpose}`, query, {
      rows: (before, rows) => ctx.db.many<Line>(statementPage(PLATFORM, (before?.[0] ?? null) as number | null, rows, purpose)),
      position: (row) => [row.seq],
      item: lineView,
    }),
  ]);
  return { balances, ...lines };
}

/** None of them stores a balance; it is the stored sum and what came since. */
export const platformBalances: Sql = sql`
  select a.purpose, a.currency, (coalesce(r.balance, 0)
    + coalesce((select sum(amount) from wallet.transfers where credit_account = a.id and seq > coalesce(r.through_seq, 0)), 0)
    - coalesce((select sum(amount) from wallet.transfers where debit_account = a.id and seq > coalesce(r.through_seq, 0)), 0))::bigint as balance
  from wallet.accounts as a left join wallet.rollups as r on r.account_id = a.id
  where a.owner = ${PLATFORM} and a.purpose in ('revenue', 'fees', 'unclaimed', 'losses') order by a.purpose, a.currency`;
