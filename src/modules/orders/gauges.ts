import { sql } from '#kernel/database.ts';
import { type ModuleGauge, secondsSince } from '#kernel/gauges.ts';
import type { Orders } from './context.ts';

export const gauges: ModuleGauge<Orders>[] = [
  {
    name: 'souk_orders_placing_oldest_seconds',
    help: 'Age of the oldest order that is neither placed nor rejected',
    read: (ctx) => secondsSince(ctx, sql`select min(created_at) from orders.orders where state = 'placing'`),
  },
];
