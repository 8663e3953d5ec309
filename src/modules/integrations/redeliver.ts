import { sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { notFound } from '#kernel/problems.ts';
import { foundWebhook } from './change-webhook.ts';
import type { Integrations } from './context.ts';
import { type Delivery, type DeliveryRow, deliveryOf, deliveryView } from './delivery.ts';
import { sendWebhookJob } from './jobs.ts';

/** Sends something again, now, under the same `webhook-id`; with all its retries. @throws notFound */
export async function redeliver(ctx: Integrations, webhookId: string, id: string): Promise<Delivery> {
  const webhook = await foundWebhook(ctx, webhookId);
  return ctx.db.transaction(async (tx) => {
    if (ctx.request) ctx.request.subject = webhookId;
    await tx.execute(sql`
      update integrations.deliveries set outcome = null, attempts = 0, next_at = ${ctx.clock.now()} where webhook_id = ${webhookId} and id = ${id}`);
    const row = await tx.maybe<DeliveryRow>(deliveryOf(webhookId, id));
    if (!row) throw notFound();
    await tx.execute(sql`update integrations.webhooks set retry_at = null where id = ${webhookId}`); // now, not when its pause is over
    enqueue(tx, sendWebhookJob, { webhookId });
    return deliveryView(ctx.secrets, webhook, row);
  });
}
