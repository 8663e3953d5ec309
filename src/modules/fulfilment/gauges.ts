import { sql } from '#kernel/database.ts';
import { type ModuleGauge, secondsSince } from '#kernel/gauges.ts';
import type { FulfilmentContext } from './context.ts';

export const gauges: ModuleGauge<FulfilmentContext>[] = [
  {
    name: 'souk_fulfilment_unfinished_seconds',
    help: 'How long the money, the stock or the state of an order have not followed a step of a shipment',
    read: (ctx) =>
      secondsSince(
        ctx,
        sql`
          select min(since.at) from fulfilment.orders as o cross join lateral (
            select p.at from fulfilment.shipments as s join fulfilment.steps as p on p.shipment_id = s.id
            where s.order_id = o.order_id and p.version > o.finished_version
            union all
            select r.at from fulfilment.refunds as r where r.order_id = o.order_id and r.version > o.finished_version
          ) as since
          where o.lease_until is not null`,
      ),
  },
];
