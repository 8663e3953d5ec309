import { sql } from '#kernel/database.ts';
import type { ModuleGauge } from '#kernel/gauges.ts';
import type { Orders } from './context.ts';

export const gauges: ModuleGauge<Orders>[] = [
  {
    name: 'souk_orders_placing_oldest_seconds',
    help: 'Age of the oldest order that is neither placed nor rejected',
    read: async ({ db, clock }) =>
      (
        await db.one<{ seconds: number }>(sql`
          select greatest(coalesce(extract(epoch from ${clock.now()}::timestamptz - min(created_at)), 0), 0)::float8 as seconds
          from orders.orders where state = 'placing'`)
      ).seconds,
  },
];
