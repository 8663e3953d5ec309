import { sql } from '#kernel/database.ts';
import { type ModuleGauge, secondsSince } from '#kernel/gauges.ts';
import type { Wallet } from './context.ts';

export const gauges: ModuleGauge<Wallet>[] = [
  {
    name: 'souk_ledger_proof_age_seconds',
    help: 'Time since the last proof of the ledger that found nothing wrong; since the first transfer when there was none',
    read: (ctx) =>
      secondsSince(ctx, sql`coalesce((select at from wallet.last_proof), (select at from wallet.journals order by id limit 1))`),
  },
  {
    name: 'souk_charges_pending_oldest_seconds',
    help: 'Age of the oldest charge whose gateway has not answered',
    read: (ctx) => secondsSince(ctx, sql`select min(at) from wallet.charges where state = 'pending'`),
  },
  {
    name: 'souk_payouts_pending_oldest_seconds',
    help: 'Age of the oldest payout that the bank has not answered',
    read: (ctx) => secondsSince(ctx, sql`select min(coalesce(decided_at, at)) from wallet.payouts where state = 'pending'`),
  },
];
