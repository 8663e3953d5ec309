import { z } from 'zod';
import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { notFound, problem } from '#kernel/problems.ts';
import type { Integrations } from './context.ts';
import { sendWebhookJob } from './jobs.ts';
import { refuseWrongEvents, refuseWrongUrl } from './judge-webhook.ts';
import { EventTypes, findWebhook, type Webhook, type WebhookRow, WebhookUrl, webhookView } from './webhook.ts';
import { webhookMachine } from './webhook-state.ts';

export const ChangeWebhook = z
  .strictObject({ url: WebhookUrl.optional(), events: EventTypes.optional() })
  .meta({ id: 'ChangeWebhook', example: { events: ['orders.order-placed'] } });

export const fromSetting = problem({
  code: 'integrations/from-setting',
  status: 409,
  title: 'A setting made this webhook',
  members: { setting: z.string() },
  detail: ({ setting }) => `Change ${setting} in the settings of Souk, and start it again.`,
});

/** @throws notFound */
export async function foundWebhook(ctx: Integrations, id: string): Promise<WebhookRow> {
  const row = await findWebhook(ctx.db, id);
  if (!row) throw notFound();
  return row;
}

/** @throws notFound; fromSetting when it is changed in the settings. */
export async function ownWebhook(ctx: Integrations, id: string): Promise<WebhookRow> {
  const row = await foundWebhook(ctx, id);
  if (row.role) throw fromSetting({ setting: `${row.role.toUpperCase()}_URL` });
  return row;
}

/** Changes where a webhook leads, or what it is sent from now on. What is on its way goes to the new address. */
export async function changeWebhook(ctx: Integrations, id: string, input: z.infer<typeof ChangeWebhook>): Promise<Webhook> {
  const row = await ownWebhook(ctx, id);
  if (input.url !== undefined) await refuseWrongUrl(ctx, input.url);
  if (input.events !== undefined) refuseWrongEvents(ctx, { events: input.events, partner: row.partner });
  const events = [...new Set(input.events ?? row.events)].sort();
  return write(ctx, id, sql`url = ${input.url ?? row.url}, events = ${events}`, sql`true`);
}

export const showWebhook = async (ctx: Integrations, id: string): Promise<Webhook> => webhookView(await foundWebhook(ctx, id));

/** Sends nothing until it is resumed. What happens meanwhile is sent then, as far as it is still stored. */
export async function pauseWebhook(ctx: Integrations, id: string): Promise<Webhook> {
  webhookMachine.after((await foundWebhook(ctx, id)).state, 'pause');
  return write(ctx, id, sql`state = 'paused', paused_because = 'person'`, webhookMachine.allows('pause'));
}

/** Sends again, beginning with what is still on its way. */
export async function resumeWebhook(ctx: Integrations, id: string): Promise<Webhook> {
  webhookMachine.after((await foundWebhook(ctx, id)).state, 'resume');
  return ctx.db.transaction(async (tx) => {
    await tx.execute(sql`
      update integrations.deliveries set next_at = ${ctx.clock.now()} where webhook_id = ${id} and outcome is null`);
    enqueue(tx, sendWebhookJob, { webhookId: id });
    const fresh = sql`state = 'active', paused_because = null, failures = 0, failing_since = null, retry_at = null`;
    return write({ ...ctx, db: tx }, id, fresh, webhookMachine.allows('resume'));
  });
}

/** Ends a webhook. What is on its way is sent to nobody. */
export async function deleteWebhook(ctx: Integrations, id: string): Promise<undefined> {
  await ownWebhook(ctx, id);
  await write(ctx, id, sql`state = 'deleted'`, webhookMachine.allows('delete'));
  return undefined;
}

async function write(ctx: Pick<Integrations, 'db' | 'request'>, id: string, change: Sql, guard: Sql): Promise<Webhook> {
  if (ctx.request) ctx.request.subject = id;
  return ctx.db.transaction(async (tx) => {
    const row = await tx.maybe<WebhookRow>(
      sql`update integrations.webhooks w set ${change} where w.id = ${id} and w.state <> 'deleted' and ${guard} returning w.*`,
    );
    if (!row) throw notFound(); // it went another way at the same moment: nothing is committed, and no entry says that it was done
    return webhookView(row);
  });
}
