import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import type { Integrations } from './context.ts';
import { sendingJob } from './jobs.ts';
import { setPartnerWebhooks } from './partner-webhooks.ts';
import type { Listener } from './webhook.ts';

/** Asks for the sending of what has become due, and of what a process that is gone left behind. */
export async function wakeWebhooks(ctx: Integrations): Promise<void> {
  await setPartnerWebhooks(ctx);
  await ctx.db.transaction(async (tx) => {
    for (const row of await tx.many<Listener>(dueWebhooks(ctx.clock.now()))) enqueue(tx, sendingJob(row), { webhookId: row.id });
  });
}

export const dueWebhooks = (now: Date): Sql => sql`
  select w.id, w.failures from integrations.webhooks w
  where w.state = 'active' and (w.lease_until <= ${now} or (w.lease_until is null and (w.retry_at is null or w.retry_at <= ${now})
    and exists (select from integrations.deliveries d where d.webhook_id = w.id and d.outcome is null and d.next_at <= ${now})))
  order by w.id`;
