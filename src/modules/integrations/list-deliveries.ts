import { z } from 'zod';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import { foundWebhook } from './change-webhook.ts';
import type { Integrations } from './context.ts';
import { type Delivery, type DeliveryRow, DeliveryState, deliveriesPage, deliveryView } from './delivery.ts';
import { type Webhook, type WebhookRow, webhooksBy, webhooksPage, webhookView } from './webhook.ts';

export const WebhooksQuery = z.object({ limit: Limit, cursor: Cursor });
export const DeliveriesQuery = z.object({
  state: DeliveryState.optional().meta({ description: 'Only deliveries in this state' }),
  limit: Limit,
  cursor: Cursor,
});

/** All webhooks of the shop, newest first; never their secrets. */
export const listWebhooks = (ctx: Integrations, query: z.infer<typeof WebhooksQuery>): Promise<Page<Webhook>> =>
  pageOf(ctx, 'webhooks', query, {
    rows: (after, rows) => ctx.db.many<WebhookRow>(webhooksPage({ after: idIn(after), rows })),
    position: (row) => [row.id],
    item: webhookView,
  });

/** What was sent to a webhook and what it answered, newest first. */
export async function listDeliveries(ctx: Integrations, id: string, query: z.infer<typeof DeliveriesQuery>): Promise<Page<Delivery>> {
  const webhook = await foundWebhook(ctx, id);
  return pageOf(ctx, `deliveries:${id}:${query.state ?? ''}`, query, {
    rows: (after, rows) =>
      ctx.db.many<DeliveryRow>(deliveriesPage(id, { after: (after?.[0] ?? null) as number | null, state: query.state, rows })),
    position: (row) => [row.event_seq],
    item: (row) => deliveryView(ctx.secrets, webhook, row),
  });
}

/** The webhooks that somebody has made, for their export. */
export const webhooksMadeBy = async (ctx: Integrations, { accountId, limit }: { accountId: string; limit: number }): Promise<Webhook[]> =>
  (await ctx.db.many<WebhookRow>(webhooksBy(accountId, limit))).map(webhookView);
