import type { Cause } from './cause.ts';
import { type Pending, type Sql, sql } from './database.ts';
import { idFloor, newId } from './ids.ts';
import { oneStatement } from './one-statement.ts';

/**
 * One statement that writes what a transaction announces, and `beside` it the entries of the call. An event that no subscription hears is not
 * written; the subscriptions are read in the same snapshot, and one for `*` has every event written.
 */
export function outboxInsert(pending: readonly Pending[], at: Date, beside: readonly Sql[], cause: Cause | null = null): Sql {
  if (pending.length === 0) return oneStatement(beside);
  const causes = pending.map((row) => row.cause ?? cause);
  const rows = sql`
    insert into kernel.outbox (id, kind, name, subject, payload, not_before, created_at, request_id, actor_id, trace, language)
    select id, kind, name, subject, coalesce(payload, current_setting("left")::jsonb), not_before, ${at}::timestamptz, request_id, actor_id, trace, language
    from unnest(${pending.map(() => newId())}::uuid[], ${pending.map((row) => row.kind)}::text[], ${pending.map((row) => row.name)}::text[],
                ${pending.map((row) => row.subject)}::text[], ${pending.map((row) => (row.left ? null : JSON.stringify(row.payload)))}::jsonb[],
                ${pending.map((row) => row.left ?? null)}::text[],
                ${pending.map((row) => row.notBefore)}::timestamptz[], ${causes.map((from) => from?.requestId ?? null)}::text[],
                ${causes.map((from) => from?.actorId ?? null)}::text[], ${causes.map((from) => from?.trace ?? null)}::text[],
                ${causes.map((from) => from?.language ?? null)}::text[])
         with ordinality as row (id, kind, name, subject, payload, "left", not_before, request_id, actor_id, trace, language, place)
    where kind = 'job' or exists (select from kernel.subscriptions as s where s.event in (row.name, '*'))
    order by place`;
  return oneStatement([...beside, rows]);
}

export interface OutboxRow {
  id: string;
  seq: number;
  kind: 'event' | 'job';
  name: string;
  subject: string | null;
  payload: unknown;
  created_at: Date;
  /** Of the request that led to it, even many steps ago. */
  request_id: string | null;
  actor_id: string | null;
  trace: string | null;
  language: string | null;
}

/**
 * Takes out what is to be sent, oldest first, with the queues that each row goes to. One relay of a database role takes at a time (an
 * advisory lock), so that the events of a subject leave in their order: a role sees all events of a module, or none; rows whose transaction commits late are found by the next one.
 * Subscriptions are read in the same snapshot, from the database: this process may be older than one that subscribes.
 */
export const takeUnsent = (now: Date, limit: number): Sql => sql`
  with mine as materialized (select pg_try_advisory_xact_lock(7281003, hashtext(current_user)) as mine),
  batch as (
    select id from kernel.outbox
    where sent_at is null and (not_before is null or not_before <= ${now}) and (select mine from mine)
    order by seq limit ${limit} for update skip locked
  )
  delete from kernel.outbox as row using batch where row.id = batch.id
  returning row.id, row.seq, row.kind, row.name, row.subject, row.payload, row.created_at, row.request_id, row.actor_id, row.trace, row.language,
            case row.kind when 'job' then array[row.name]
                          else array(select queue from kernel.subscriptions where event = row.name order by queue) end as queues`;

/** Notes which queues events go to; what is noted already stays, and needs no right to write. */
export const addSubscriptions = (subscriptions: readonly { event: string; queue: string }[]): Sql => sql`
  insert into kernel.subscriptions (event, queue)
  select event, queue from unnest(${subscriptions.map(({ event }) => event)}::text[], ${subscriptions.map(({ queue }) => queue)}::text[]) as s (event, queue)
  where not exists (select from kernel.subscriptions as known where known.event = s.event and known.queue = s.queue)
  order by event, queue on conflict do nothing`;

/** Age of the oldest row that could have been sent, in seconds; 0 when there is none. */
export const oldestUnsent = (now: Date): Sql => sql`
  select coalesce(extract(epoch from ${now} - (
    select greatest(created_at, not_before) from kernel.outbox
    where sent_at is null and (not_before is null or not_before <= ${now}) order by seq limit 1)), 0)::float8 as seconds`;

/** Marks events as consumed by a subscription and answers those that were not before. */
export const consume = (subscription: string, eventIds: string[], now: Date): Sql => sql`
  insert into kernel.consumed (subscription, event_id, consumed_at)
  select ${subscription}, id, ${now} from unnest(${eventIds}::uuid[]) as id order by id
  on conflict do nothing returning event_id`;

/** How long it is known that an event was acted on: longer than any queue keeps one. */
const CONSUMED_DAYS = 31;

const daysBefore = (now: Date, days: number): Date => new Date(now.getTime() - days * 86_400_000);

/** How many days rows are stored, by settings. */
export interface StoredFor {
  auditDays: number;
  /** Keys of calls (keyed-calls.ts). */
  idempotencyDays: number;
}

/** What may be deleted now, each as a statement that deletes up to `limit` rows. */
export const housekeeping = (now: Date, { auditDays, idempotencyDays }: StoredFor): ((limit: number) => Sql)[] => {
  const consumed = daysBefore(now, CONSUMED_DAYS);
  const audited = daysBefore(now, auditDays);
  const called = daysBefore(now, idempotencyDays);
  return [
    (limit) => sql`
      delete from kernel.consumed where (subscription, event_id) in (
        select subscription, event_id from kernel.consumed where consumed_at < ${consumed} order by consumed_at limit ${limit})`,
    (limit) => sql`
      delete from kernel.audit where id in (
        select id from kernel.audit where id < ${idFloor(audited)} and at < ${audited} order by id limit ${limit})`,
    (limit) => sql`
      delete from kernel.event_log where seq in (select seq from kernel.event_log where created_at < ${consumed} order by seq limit ${limit})`,
    (limit) => sql`
      delete from kernel.calls where (principal, key) in (select principal, key from kernel.calls where at < ${called} order by at limit ${limit})`,
    (limit) => sql`delete from kernel.outbox where id in (select id from kernel.outbox where sent_at is not null limit ${limit})`,
  ];
};
