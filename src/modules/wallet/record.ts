import { sql } from '#kernel/database.ts';
import type { WalletRecord } from '#wallet';
import type { Wallet } from './context.ts';
import { type Line, lineView, statementPage } from './statement.ts';

type Charge = Omit<WalletRecord['charges'][number], 'at'> & { at: Date };
type Deduction = Omit<WalletRecord['deductions'][number], 'at'> & { at: Date };

const told = <Row extends { at: Date }>(rows: Row[]) => rows.map((row) => ({ ...row, at: row.at.toISOString() }));

/** What the wallet knows of an owner, for the owner to take along. */
export async function recordOf(ctx: Wallet, { owner, limit }: { owner: string; limit: number }): Promise<WalletRecord> {
  const balances = await ctx.db.many<WalletRecord['balances'][number]>(sql`
    select currency, purpose, balance from wallet.accounts where owner = ${owner} and guarded order by currency, purpose`);
  const statement = await ctx.db.many<Line>(statementPage(owner, null, limit));
  const charges = await ctx.db.many<Charge>(sql`
    select id, gateway, state, amount, currency, at from wallet.charges where owner = ${owner} order by at desc limit ${limit}`);
  const deductions = await ctx.db.many<Deduction>(sql`
    select id, kind, amount, currency, reason, at from wallet.deductions where owner = ${owner} order by at desc limit ${limit}`);
  return { balances, statement: statement.map(lineView), charges: told(charges), deductions: told(deductions) };
}
