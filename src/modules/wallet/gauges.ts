import { type Sql, sql } from '#kernel/database.ts';
import type { ModuleGauge } from '#kernel/gauges.ts';
import type { Wallet } from './context.ts';

const ageOf = async (ctx: Wallet, at: Sql): Promise<number> =>
  (
    await ctx.db.one<{ seconds: number }>(
      sql`select greatest(coalesce(extract(epoch from ${ctx.clock.now()}::timestamptz - (${at})), 0), 0)::float8 as seconds`,
    )
  ).seconds;

export const gauges: ModuleGauge<Wallet>[] = [
  {
    name: 'souk_ledger_proof_age_seconds',
    help: 'Time since the last proof of the ledger that found nothing wrong; since the first transfer when there was none',
    read: (ctx) => ageOf(ctx, sql`coalesce((select at from wallet.last_proof), (select at from wallet.journals order by id limit 1))`),
  },
  {
    name: 'souk_charges_pending_oldest_seconds',
    help: 'Age of the oldest charge whose gateway has not answered',
    read: (ctx) => ageOf(ctx, sql`select min(at) from wallet.charges where state = 'pending'`),
  },
  {
    name: 'souk_payouts_pending_oldest_seconds',
    help: 'Age of the oldest payout that the bank has not answered',
    read: (ctx) => ageOf(ctx, sql`select min(coalesce(decided_at, at)) from wallet.payouts where state = 'pending'`),
  },
];
