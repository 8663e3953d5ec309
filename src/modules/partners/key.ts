import { z } from 'zod';
import { minutes } from '#kernel/clock.ts';
import { type Database, join, type Sql, sql, type Transaction } from '#kernel/database.ts';
import { signal } from '#kernel/events.ts';
import type { KeyColumns } from '#kernel/idempotency.ts';
import type { Permission } from '#kernel/permissions.ts';
import { foldName, Id, line, Time } from '#kernel/shapes.ts';
import { KEYS_CHANNEL } from './contract.ts';

/** A partner has one key in use and one to change over to. */
export const LIVE_AT_ONCE = 2;

/** How long a call that made a key may be repeated to see it: after that nothing here can make it again. */
export const SHOWN_FOR_MS = minutes(60);

/** Never the making of more keys or of roles. */
const NO_SCOPES: readonly Permission[] = ['api-keys:manage', 'roles:grant'];

/** The permissions that a key may be given. */
export const scopesAmong = (all: readonly Permission[]): Permission[] => all.filter((permission) => !NO_SCOPES.includes(permission));

/** A permission, of whichever module. */
export const Scope = z
  .string()
  .max(60)
  .regex(/^[a-z-]+:[a-z-]+$/, 'must be a permission, as resource:verb')
  .meta({ id: 'Scope', example: 'orders:ship' });

export const PartnerName = line(80).meta({ description: 'The partner whose system calls, not a person', example: 'Carthage Couriers' });

export const ApiKey = z
  .object({
    id: Id,
    name: PartnerName,
    scopes: z.array(z.string()),
    lastFour: z.string().meta({ description: 'The last four characters of the key', example: '9f0c' }),
    createdBy: Id,
    createdAt: Time,
    lastUsedAt: Time.nullable().meta({ description: 'To the minute' }),
    expiresAt: Time.nullable().meta({ example: null }),
    revokedAt: Time.nullable().meta({ example: null }),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

export interface KeyRow extends KeyColumns {
  id: string;
  name: string;
  name_key: string;
  /** 1 or 2 while it is valid. An expired key may have it until the next key is made. */
  slot: number | null;
  scopes: string[];
  key_hash: string;
  /** Forgotten after an hour: it only serves to repeat the reply of the call that made the key. */
  salt: string | null;
  last_four: string;
  created_by: string;
  created_at: Date;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
}

/** One partner, for every way to write its name. */
export const nameKey = foldName;

export const keyView = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  scopes: row.scopes,
  lastFour: row.last_four,
  createdBy: row.created_by,
  createdAt: row.created_at.toISOString(),
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
  expiresAt: row.expires_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
});

const selectKey = sql`select k.* from partners.keys k`;

export const findByKey = (db: Database, key: { principal: string; value: string }) =>
  db.maybe<KeyRow>(sql`${selectKey} where k.principal = ${key.principal} and k.idempotency_key = ${key.value}`);

/** Those who make keys for one partner take turns, until the end of the transaction. */
export const lockPartner = (tx: Database, name: string) =>
  tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`partners.keys:${name}`}, 0))`);

/** Keys that have expired give up their slots. */
export const endExpired = (tx: Database, name: string, now: Date) =>
  tx.execute(sql`update partners.keys set slot = null, salt = null where name_key = ${name} and slot in (1, 2) and expires_at <= ${now}`);

export const liveKeys = (db: Database, name: string) =>
  db.many<KeyRow>(sql`${selectKey} where k.name_key = ${name} and k.slot in (1, 2) order by k.slot`);

/** @returns false when its call has made a key before. */
export const insertKey = async (tx: Database, k: KeyRow): Promise<boolean> =>
  (await tx.execute(sql`
    insert into partners.keys (id, name, name_key, slot, scopes, key_hash, salt, last_four, created_by, created_at, expires_at,
                               principal, idempotency_key, body_hash)
    values (${k.id}, ${k.name}, ${k.name_key}, ${k.slot}, ${k.scopes}, ${k.key_hash}, ${k.salt}, ${k.last_four}, ${k.created_by},
            ${k.created_at}, ${k.expires_at}, ${k.principal}, ${k.idempotency_key}, ${k.body_hash})
    on conflict (principal, idempotency_key) where idempotency_key is not null do nothing`)) === 1;

/** A page of keys, newest first. */
export const keysPage = (query: { after: string | null; rows: number }): Sql => {
  const conditions = [sql`true`, ...(query.after ? [sql`k.id < ${query.after}`] : [])];
  return sql`${selectKey} where ${join(conditions, ' and ')} order by k.id desc limit ${query.rows}`;
};

/** The keys of a maker, newest first. */
export const keysBy = (maker: string, rows: number): Sql =>
  sql`${selectKey} where k.created_by = ${maker} order by k.id desc limit ${rows}`;

export const findLive = (db: Database, id: string, now: Date) =>
  db.maybe<KeyRow>(sql`${selectKey} where k.id = ${id} and k.revoked_at is null and (k.expires_at is null or k.expires_at > ${now})`);

export const findById = (db: Database, id: string) => db.maybe<KeyRow>(sql`${selectKey} where k.id = ${id}`);

/** Ends a key and signals every process when this transaction commits. @returns false if it had ended before. */
export async function endKey(tx: Transaction, id: string, now: Date): Promise<boolean> {
  const ended = await tx.execute(sql`
    update partners.keys set revoked_at = ${now}, slot = null, salt = null where id = ${id} and revoked_at is null`);
  signal(tx, KEYS_CHANNEL);
  return ended === 1;
}

/** Records a use, unless one was recorded within the last minute by any process. */
export const markUsed = (db: Database, id: string, at: Date) =>
  db.execute(sql`
    update partners.keys set last_used_at = ${at}
    where id = ${id} and (last_used_at is null or last_used_at <= ${new Date(at.getTime() - minutes(1))})`);

export const forgetSalts = (db: Database, now: Date) =>
  db.execute(sql`update partners.keys set salt = null where salt is not null and created_at <= ${new Date(now.getTime() - SHOWN_FOR_MS)}`);

let ended = 0;

/** Says, after the commit, that this process has revoked: its own next request need not wait for the notification to come round. */
export function endedHere(): void {
  ended++;
}

/** How often this process has revoked. */
export const keysEndedHere = (): number => ended;
