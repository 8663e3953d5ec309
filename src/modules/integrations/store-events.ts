import type { HeardEvent } from '#kernel/event-log.ts';
import { enqueue } from '#kernel/events.ts';
import type { Integrations } from './context.ts';
import { insertEvents } from './event.ts';
import { sendingJob } from './jobs.ts';
import { setPartnerWebhooks } from './partner-webhooks.ts';
import { type Listener, listeners } from './webhook.ts';

/** Stores events, and wakes the webhooks that listen to them. Two statements for up to 500 events. */
export async function storeEvents(ctx: Integrations, events: HeardEvent[]): Promise<void> {
  await setPartnerWebhooks(ctx); // before: they get what comes from now on
  await ctx.db.transaction(async (tx) => {
    await tx.execute(insertEvents(events, ctx.clock.now()));
    const types = [...new Set(events.map(({ name }) => name))];
    for (const row of await tx.many<Listener>(listeners(types))) enqueue(tx, sendingJob(row), { webhookId: row.id });
  });
}
