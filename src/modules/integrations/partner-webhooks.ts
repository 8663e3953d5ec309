import { sql } from '#kernel/database.ts';
import { derivedId } from '#kernel/ids.ts';
import type { Integrations } from './context.ts';
import { EVENTS_OF_ROLE } from './recipient.ts';
import { secretPlace } from './sealed.ts';
import { insertWebhook, type WebhookRow } from './webhook.ts';

const set = new WeakSet<object>();

/** Brings the webhooks that settings make to what the settings say, until a process has seen that they are so. */
export async function setPartnerWebhooks(ctx: Integrations): Promise<void> {
  if (set.has(ctx.settings)) return;
  const rows = await ctx.db.many<WebhookRow>(sql`select w.* from integrations.webhooks w where w.role in ('warehouse', 'carrier')`);
  const rowOf = (role: string) => rows.find((row) => row.role === role);
  let isSet = true;
  for (const role of ['warehouse', 'carrier'] as const) isSet = !(await setOne(ctx, role, rowOf(role))) && isSet;
  if (isSet) set.add(ctx.settings); // what was just written may still be rolled back
}

/** @returns whether it wrote something. */
async function setOne(ctx: Integrations, role: 'warehouse' | 'carrier', row: WebhookRow | undefined): Promise<boolean> {
  const wanted = ctx.settings.partners.find((partner) => partner.role === role);
  if (!wanted) {
    if (!row || row.state === 'deleted') return false;
    return (await ctx.db.execute(sql`update integrations.webhooks set state = 'deleted' where id = ${row.id}`)) > 0;
  }
  const { url, secret } = wanted;
  const id = row?.id ?? derivedId('integrations.webhook', role);
  const seal = () => ctx.secrets.seal(secret, secretPlace(id));
  if (!row) {
    return insertWebhook(ctx.db, {
      ...{ id, url, events: [...EVENTS_OF_ROLE[role]], partner: null, partner_key: null, role },
      ...{ secret_sealed: seal(), created_by: null, created_at: ctx.clock.now(), principal: null, idempotency_key: null, body_hash: null },
    });
  }
  const events: readonly string[] = EVENTS_OF_ROLE[role];
  const isSame =
    row.events.join() === events.join() && row.url === url && ctx.secrets.unseal(row.secret_sealed, secretPlace(id)) === secret;
  if (isSame && row.state !== 'deleted') return false;
  const written = await ctx.db.execute(sql`
    update integrations.webhooks set url = ${url}, events = ${[...events]}, secret_sealed = ${seal()}, state = case state when 'deleted' then 'active' else state end,
      position = case state when 'deleted' then (select coalesce(max(seq), 0) from integrations.events) else position end,
      failures = 0, failing_since = null, retry_at = null
    where id = ${id}`);
  return written > 0;
}
