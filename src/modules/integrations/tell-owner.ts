import type { Integrations } from './context.ts';
import { findWebhook } from './webhook.ts';

/** Tells who made a webhook that nothing more is sent to it: once for each time that it was paused. */
export async function tellOwner(ctx: Integrations, { webhookId, since }: { webhookId: string; since: string }): Promise<void> {
  const webhook = await findWebhook(ctx.db, webhookId);
  if (!webhook?.created_by) return;
  const { host } = new URL(webhook.url);
  const key = `integrations.webhook-paused:${webhookId}:${since}`;
  await ctx.notifications.notify({ key, accountId: webhook.created_by, kind: 'webhook-paused', values: { host, webhook: webhookId } });
}
