import { ECDH } from 'node:crypto';
import { z } from 'zod';
import type { PushSubscription } from '#adapters/push/port.ts';
import { days } from '#kernel/clock.ts';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { Id, Time, webAddress } from '#kernel/shapes.ts';

export interface DeviceRow {
  id: string;
  account_id: string;
  subscription_sealed: string;
  created_at: Date;
  /** How often its push service has failed in a row. */
  failures: number;
}

/** A point that is not on the curve would make every message to this browser fail. */
function isPublicKey(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url');
  try {
    return bytes.length === 65 && ECDH.convertKey(bytes, 'prime256v1').length === 65;
  } catch {
    return false;
  }
}

/** What a browser's PushSubscription says of itself (W3C Push API). */
export const Subscription = z
  .object({
    endpoint: webAddress(z.url()).max(1000),
    keys: z.object({
      p256dh: z.string().refine(isPublicKey, 'must be a public key of the curve P-256: 65 bytes in base64url'),
      auth: z.string().refine((key) => Buffer.from(key, 'base64url').length === 16, 'must be 16 bytes in base64url'),
    }),
    expirationTime: z.number().nullable().optional(),
  })
  .meta({
    id: 'PushSubscription',
    example: {
      endpoint: 'https://push.example.com/subscriptions/9a7c',
      keys: {
        p256dh: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM',
        auth: 'tBHItJI5svbpez7KI4CCXg',
      },
    },
  });

export const Device = z
  .object({
    id: Id,
    host: z.string().meta({ description: 'The push service of the browser', example: 'push.example.com' }),
    createdAt: Time,
  })
  .meta({ id: 'Device' });

export const devicePlace = (id: string): string => `notifications.devices.subscription:${id}`;

export const subscriptionOf = (secrets: Secrets, { id, subscription_sealed }: DeviceRow): PushSubscription =>
  JSON.parse(secrets.unseal(subscription_sealed, devicePlace(id))) as PushSubscription;

export const deviceView = (secrets: Secrets, row: DeviceRow): z.infer<typeof Device> => ({
  id: row.id,
  host: new URL(subscriptionOf(secrets, row).endpoint).host,
  createdAt: row.created_at.toISOString(),
});

/** A person has at most this many. */
export const MOST_DEVICES = 10;

export const devicesPage = (accountId: string): Sql => sql`
  select id, account_id, subscription_sealed, created_at, failures from notifications.devices
  where account_id = ${accountId} order by created_at desc, id desc limit ${MOST_DEVICES}`;

export const devicesOf = (db: Database, accountId: string): Promise<DeviceRow[]> => db.many<DeviceRow>(devicesPage(accountId));

/** Devices of several people. */
export const devicesOfAll = (accounts: readonly string[]): Sql =>
  sql`select id, account_id, subscription_sealed, created_at, failures from notifications.devices where account_id = any(${accounts}::uuid[])`;

/** A browser belongs to who has registered it last. */
export const upsertDevice = (device: { id: string; accountId: string; index: string; sealed: string; now: Date }): Sql => sql`
  insert into notifications.devices (id, account_id, endpoint_index, subscription_sealed, created_at)
  values (${device.id}, ${device.accountId}, ${device.index}, ${device.sealed}, ${device.now})
  on conflict (endpoint_index) do update
    set id = excluded.id, account_id = excluded.account_id, subscription_sealed = excluded.subscription_sealed, created_at = excluded.created_at,
        failures = 0, failing_since = null
  returning id, account_id, subscription_sealed, created_at, failures`;

/** The oldest give way. */
export const dropOldDevices = (accountId: string): Sql => sql`
  delete from notifications.devices where id in (
    select id from notifications.devices where account_id = ${accountId} order by created_at desc, id desc offset ${MOST_DEVICES})`;

export const dropDevice = (db: Database, id: string, accountId: string): Promise<number> =>
  db.execute(sql`delete from notifications.devices where id = ${id} and account_id = ${accountId}`);

/** A browser whose push service has failed so often in a row is tried once for each message, and forgotten when that goes on for three days. */
export const FAILURES_IN_A_ROW = 10;
const PATIENCE_MS = days(3);

/** Notes which push services have failed, and which work again; forgets those that have failed for days. */
export const noteFailures = (failed: readonly string[], recovered: readonly string[], now: Date): Sql => sql`
  with forgotten as (
    delete from notifications.devices
    where id = any(${failed}::uuid[]) and failures + 1 >= ${FAILURES_IN_A_ROW} and failing_since <= ${new Date(now.getTime() - PATIENCE_MS)}
    returning id
  )
  update notifications.devices as d set failures = case when has_failed then failures + 1 else 0 end,
    failing_since = case when has_failed then coalesce(failing_since, ${now}) end
  from (select id, true as has_failed from unnest(${failed}::uuid[]) as id union all select id, false from unnest(${recovered}::uuid[]) as id) as tried
  where d.id = tried.id and d.id not in (select id from forgotten)`;
