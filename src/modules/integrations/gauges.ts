import { sql } from '#kernel/database.ts';
import type { ModuleGauge } from '#kernel/gauges.ts';
import type { Integrations } from './context.ts';

export const gauges: readonly ModuleGauge<Integrations>[] = [
  {
    name: 'souk_webhooks_failing',
    help: 'Webhooks at which nothing arrives, or that were paused for that',
    read: async ({ db }) =>
      (
        await db.one<{ count: number }>(sql`
          select count(*) as count from integrations.webhooks where state <> 'deleted' and failing_since is not null`)
      ).count,
  },
];
