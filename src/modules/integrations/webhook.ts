import { z } from 'zod';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import type { KeyColumns } from '#kernel/idempotency.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { foldName, Id, line, Time, webAddress } from '#kernel/shapes.ts';
import { EventType, lastSeq } from './event.ts';
import { oldSecretPlace, secretPlace } from './sealed.ts';
import { webhookMachine } from './webhook-state.ts';

/** How many there may be: of one owner, and in all. */
export const OF_AN_OWNER = 20;
export const IN_ALL = 200;

export const WebhookUrl = webAddress(z.url({ error: 'must be an address such as https://example.com/webhooks' })).meta({
  description: 'https, a public address, without a password',
  example: 'https://example.com/souk',
});
export const EventTypes = z
  .array(EventType)
  .min(1)
  .max(50)
  .meta({ example: ['orders.order-placed', 'fulfilment.shipment-delivered'] });

export const Webhook = z
  .object({
    id: Id,
    url: WebhookUrl,
    events: EventTypes,
    partner: z.string().nullable().meta({ description: 'The partner whose shipments it is sent', example: null }),
    state: webhookMachine.State.exclude(['deleted']),
    pausedBecause: z.enum(['person', 'failing', 'gone']).nullable().meta({ example: null }),
    failingSince: Time.nullable().meta({ description: 'Since when nothing has arrived', example: null }),
    oldSecretUntil: Time.nullable().meta({ description: 'Until when the secret before this one signs too', example: null }),
    setting: z.string().nullable().meta({ description: 'The setting that made it; then it is changed there', example: null }),
    createdBy: Id.nullable(),
    createdAt: Time,
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;

export const Partner = line(80).meta({
  description: 'The partner whose shipments it is sent: the name of its API keys',
  example: 'Carthage Couriers',
});

export interface WebhookRow extends KeyColumns {
  id: string;
  url: string;
  events: string[];
  partner: string | null;
  partner_key: string | null;
  role: 'warehouse' | 'carrier' | null;
  state: 'active' | 'paused' | 'disabled' | 'deleted';
  paused_because: 'person' | 'failing' | 'gone' | null;
  secret_sealed: string;
  old_secret_sealed: string | null;
  old_secret_until: Date | null;
  /** The call that made the current secret; empty where it had no key, null where it is the first secret. */
  rotated_by: string | null;
  position: number;
  failing_since: Date | null;
  failures: number;
  retry_at: Date | null;
  lease_until: Date | null;
  created_by: string | null;
  created_at: Date;
}

/** One partner, for every way to write its name. */
export const partnerKey = foldName;

export const webhookView = (row: WebhookRow): Webhook => ({
  id: row.id,
  url: row.url,
  events: row.events,
  partner: row.partner,
  state: row.state as Webhook['state'],
  pausedBecause: row.paused_because,
  failingSince: row.failing_since?.toISOString() ?? null,
  oldSecretUntil: row.old_secret_until?.toISOString() ?? null,
  setting: row.role ? `${row.role.toUpperCase()}_URL` : null,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
});

/** The secrets that sign now: the current one, and the one before it while it is valid. */
export const liveSecrets = (secrets: Secrets, row: WebhookRow, now: Date): string[] => [
  secrets.unseal(row.secret_sealed, secretPlace(row.id)),
  ...(row.old_secret_sealed && row.old_secret_until && row.old_secret_until > now
    ? [secrets.unseal(row.old_secret_sealed, oldSecretPlace(row.id))]
    : []),
];

export const findWebhook = (db: Database, id: string) =>
  db.maybe<WebhookRow>(sql`select w.* from integrations.webhooks w where w.id = ${id} and w.state <> 'deleted'`);

export const findByKey = (db: Database, key: { principal: string; value: string }) =>
  db.maybe<WebhookRow>(
    sql`select w.* from integrations.webhooks w where w.principal = ${key.principal} and w.idempotency_key = ${key.value}`,
  );

export const webhooksPage = ({ after, rows }: { after: string | null; rows: number }): Sql => sql`
  select w.* from integrations.webhooks w where w.state <> 'deleted' and (${after}::uuid is null or w.id < ${after}::uuid)
  order by w.id desc limit ${rows}`;

export const webhooksBy = (accountId: string, rows: number): Sql => sql`
  select w.* from integrations.webhooks w where w.created_by = ${accountId} and w.state <> 'deleted' order by w.id desc limit ${rows}`;

/** Those who add webhooks take turns, until the end of the transaction, so that their number stays bounded. */
export const lockWebhooks = (tx: Database) => tx.execute(sql`select pg_advisory_xact_lock(hashtextextended('integrations.webhooks', 0))`);

export const countWebhooks = (db: Database, owner: string) =>
  db.one<{ all: number; own: number }>(sql`
    select count(*) as all, count(*) filter (where created_by = ${owner}) as own from integrations.webhooks where state <> 'deleted'`);

/** It is sent what happens from now on. @returns false when its call has made one before, or its setting has. */
export const insertWebhook = async (
  tx: Database,
  w: Omit<
    WebhookRow,
    | 'state'
    | 'position'
    | 'paused_because'
    | 'old_secret_sealed'
    | 'old_secret_until'
    | 'rotated_by'
    | 'failing_since'
    | 'failures'
    | 'retry_at'
    | 'lease_until'
  >,
): Promise<boolean> =>
  (await tx.execute(sql`
    insert into integrations.webhooks (id, url, events, partner, partner_key, role, state, secret_sealed, position, created_by, created_at,
                                       principal, idempotency_key, body_hash)
    values (${w.id}, ${w.url}, ${w.events}, ${w.partner}, ${w.partner_key}, ${w.role}, 'active', ${w.secret_sealed}, ${lastSeq}, ${w.created_by},
            ${w.created_at}, ${w.principal}, ${w.idempotency_key}, ${w.body_hash})
    on conflict do nothing`)) === 1;

export type Listener = Pick<WebhookRow, 'id' | 'failures'>;

/** Active webhooks that listen to one of these types. There are a few hundred at most. */
export const listeners = (types: readonly string[]): Sql => sql`
  select id, failures from integrations.webhooks where state = 'active' and events && ${types}::text[] order by id`;
