import { type Pending, type Sql, sql } from './database.ts';
import { newId } from './ids.ts';

/** One statement that writes what a transaction announces, and its audit entry where there is one. */
export function outboxInsert(pending: readonly Pending[], at: Date, audit: Sql | null): Sql {
  if (pending.length === 0) return audit ?? sql`select 1`;
  const rows = sql`
    insert into kernel.outbox (id, kind, name, subject, payload, not_before, created_at)
    select id, kind, name, subject, payload, not_before, ${at}::timestamptz
    from unnest(${pending.map(() => newId())}::uuid[], ${pending.map((row) => row.kind)}::text[], ${pending.map((row) => row.name)}::text[],
                ${pending.map((row) => row.subject)}::text[], ${pending.map((row) => JSON.stringify(row.payload))}::jsonb[],
                ${pending.map((row) => row.notBefore)}::timestamptz[])
         with ordinality as row (id, kind, name, subject, payload, not_before, place)
    order by place`;
  return audit ? sql`with audited as (${audit}) ${rows}` : rows;
}

export interface OutboxRow {
  id: string;
  seq: number;
  kind: 'event' | 'job';
  name: string;
  subject: string | null;
  payload: unknown;
  created_at: Date;
}

/**
 * Claims what has not been sent, oldest first. One relay claims at a time (an advisory lock), so that the events of a
 * subject leave in their order; rows whose transaction commits late are simply found by the next claim.
 */
export const claimUnsent = (now: Date, limit: number): Sql => sql`
  with mine as materialized (select pg_try_advisory_xact_lock(7281003) as mine),
  batch as (
    select id from kernel.outbox
    where sent_at is null and (not_before is null or not_before <= ${now}) and (select mine from mine)
    order by seq limit ${limit} for update skip locked
  )
  update kernel.outbox as row set sent_at = ${now} from batch where row.id = batch.id
  returning row.id, row.seq, row.kind, row.name, row.subject, row.payload, row.created_at`;

/** Marks events as consumed by a subscription and answers those that were not before. */
export const consume = (subscription: string, eventIds: string[], now: Date): Sql => sql`
  insert into kernel.consumed (subscription, event_id, consumed_at)
  select ${subscription}, id, ${now} from unnest(${eventIds}::uuid[]) as id order by id
  on conflict do nothing returning event_id`;

/** How long what was sent and acted on is kept, to be looked at. */
const KEPT_DAYS = 7;

/** Forgets what was sent, and acted on, long ago; some at a time. */
export const forgetSent = (now: Date): Sql[] => {
  const before = new Date(now.getTime() - KEPT_DAYS * 86_400_000);
  return [
    sql`delete from kernel.outbox where id in (select id from kernel.outbox where sent_at < ${before} limit 10000)`,
    sql`delete from kernel.consumed where (subscription, event_id) in (select subscription, event_id from kernel.consumed where consumed_at < ${before} limit 10000)`,
  ];
};
