import { z } from 'zod';
import type { Whose } from '#kernel/account-life.ts';
import { sql } from '#kernel/database.ts';
import { Currency } from '#kernel/money.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { StatementLine } from '#wallet';
import type { Wallet } from './context.ts';
import { payoutMachine } from './payout-state.ts';
import { SalesLine, type SalesRow, salesLine, salesLines } from './sales-statement.ts';
import { type Line, lineView, statementPage } from './statement.ts';

/** All that the wallet knows of an owner; lists newest first. */
export const WalletRecord = z.object({
  balances: z.array(z.object({ currency: Currency, purpose: z.string(), balance: z.int() })),
  statement: z.array(StatementLine),
  charges: z.array(
    z.object({
      id: Id,
      gateway: z.string(),
      state: z.string().meta({ example: 'succeeded' }),
      amount: z.int(),
      currency: Currency,
      at: Time,
    }),
  ),
  deductions: z.array(
    z.object({
      id: Id,
      kind: z.string().meta({ example: 'withdrawal' }),
      amount: z.int(),
      currency: Currency,
      reason: z.string().nullable(),
      at: Time,
    }),
  ),
  sales: z.array(SalesLine),
  payouts: z.array(
    z.object({
      id: Id,
      state: payoutMachine.State,
      amount: z.int(),
      currency: Currency,
      reason: z.string().nullable(),
      at: Time,
    }),
  ),
});
type WalletRecord = z.infer<typeof WalletRecord>;

type Charge = Omit<WalletRecord['charges'][number], 'at'> & { at: Date };
type PayoutRecord = Omit<WalletRecord['payouts'][number], 'at'> & { at: Date };
type Deduction = Omit<WalletRecord['deductions'][number], 'at'> & { at: Date };

const told = <Row extends { at: Date }>(rows: Row[]) => rows.map((row) => ({ ...row, at: row.at.toISOString() }));

/** What the wallet knows of an owner, for the export of the account. */
export async function recordOf(ctx: Wallet, { accountId: owner, limit }: Whose & { limit: number }): Promise<WalletRecord> {
  const balances = await ctx.db.many<WalletRecord['balances'][number]>(sql`
    select currency, purpose, balance from wallet.accounts where owner = ${owner} and guarded order by currency, purpose`);
  const statement = await ctx.db.many<Line>(statementPage(owner, null, limit));
  const charges = await ctx.db.many<Charge>(sql`
    select id, gateway, state, amount, currency, at from wallet.charges where owner = ${owner} order by at desc limit ${limit}`);
  const deductions = await ctx.db.many<Deduction>(sql`
    select id, kind, amount, currency, reason, at from wallet.deductions where owner = ${owner} order by at desc limit ${limit}`);
  const sales = await ctx.db.many<SalesRow>(salesLines(owner, null, limit));
  const payouts = await ctx.db.many<PayoutRecord>(sql`
    select id, state, amount, currency, coalesce(reason, failure) as reason, at from wallet.payouts where owner = ${owner} order by id desc limit ${limit}`);
  return {
    ...{ balances, statement: statement.map(lineView), charges: told(charges), deductions: told(deductions) },
    ...{ sales: sales.map(salesLine), payouts: told(payouts) },
  };
}
