import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { notFound } from '#kernel/problems.ts';
import { foundWebhook } from './change-webhook.ts';
import type { Integrations } from './context.ts';
import { type Delivery, type DeliveryRow, deliveryOf, deliveryView } from './delivery.ts';
import { sendWebhookJob } from './jobs.ts';
import { isOrdered } from './recipient.ts';

/**
 * Sends something again, under the same `webhook-id`, with all its retries: now, before everything else that is due. What must arrive before
 * it at a partner, because it is about the same order, goes with it. @throws notFound
 */
export async function redeliver(ctx: Integrations, webhookId: string, id: string): Promise<Delivery> {
  const webhook = await foundWebhook(ctx, webhookId);
  return ctx.db.transaction(async (tx) => {
    if (ctx.request) ctx.request.subject = webhookId;
    const now = ctx.clock.now();
    await tx.execute(sql`
      update integrations.deliveries set outcome = null, attempts = 0, next_at = ${now}, by_hand = true where webhook_id = ${webhookId} and id = ${id}`);
    const row = await tx.maybe<DeliveryRow>(deliveryOf(webhookId, id));
    if (!row) throw notFound();
    if (isOrdered(webhook)) await tx.execute(earlierNow(row, now));
    await tx.execute(sql`update integrations.webhooks set retry_at = null where id = ${webhookId}`); // now, not when its pause is over
    enqueue(tx, sendWebhookJob, { webhookId });
    return deliveryView(ctx.secrets, webhook, row);
  });
}

/** The reply to a call that was made before: how the delivery stands today. @throws notFound */
export async function showDelivery(ctx: Integrations, webhookId: string, id: string): Promise<Delivery> {
  const webhook = await foundWebhook(ctx, webhookId);
  const row = await ctx.db.maybe<DeliveryRow>(deliveryOf(webhookId, id));
  if (!row) throw notFound();
  return deliveryView(ctx.secrets, webhook, row);
}

/** What waits before a delivery, about the same subject, is sent now too. */
const earlierNow = ({ webhook_id, subject, event_seq }: DeliveryRow, now: Date): Sql => sql`
  update integrations.deliveries set next_at = ${now}, by_hand = true
  where webhook_id = ${webhook_id} and subject = ${subject} and outcome is null and event_seq < ${event_seq}`;
