import { z } from 'zod';
import { empty, type Sql, sql } from '#kernel/database.ts';
import type { HeardEvent } from '#kernel/event-log.ts';
import type { EventKind } from '#kernel/events.ts';
import { Id, Time } from '#kernel/shapes.ts';

export const EventType = z.string().max(100).meta({ description: 'What happened: module and event', example: 'orders.order-placed' });

export const EventRecord = z
  .object({
    id: Id,
    type: EventType,
    version: z.int().meta({ description: 'Of the shape of `data`. Under one version it never changes', example: 1 }),
    subject: z
      .string()
      .meta({ description: 'What it is about, such as the id of an order', example: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' }),
    timestamp: Time,
    data: z
      .record(z.string(), z.unknown())
      .meta({ description: 'Ids and figures', example: { orderId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' } }),
  })
  .meta({ id: 'Event' });
export type EventRecord = z.infer<typeof EventRecord>;

export interface EventRow {
  seq: number;
  id: string;
  type: string;
  version: number;
  subject: string;
  payload: Record<string, unknown>;
  at: Date;
}

/** All that can be listened to, sorted. */
export const typesOf = (kinds: readonly EventKind[]): string[] => [...new Set(kinds.map(({ name }) => name))].sort();

export const eventView = ({ id, type, version, subject, payload, at }: EventRow): EventRecord => ({
  id,
  type,
  version,
  subject,
  timestamp: at.toISOString(),
  data: payload,
});

/** Stores events in their order, in one statement. An event that was stored before stays as it is. */
export const insertEvents = (events: readonly HeardEvent[], now: Date): Sql => sql`
  insert into integrations.events (id, type, version, subject, payload, at, stored_at)
  select id, type, version, subject, payload, at, ${now}::timestamptz
  from unnest(${events.map(({ id }) => id)}::uuid[], ${events.map(({ name }) => name)}::text[], ${events.map(({ version }) => version)}::int[],
              ${events.map(({ subject }) => subject)}::text[], ${events.map(({ payload }) => JSON.stringify(payload))}::jsonb[],
              ${events.map(({ at }) => at)}::timestamptz[]) with ordinality as e (id, type, version, subject, payload, at, place)
  order by place on conflict (id) do nothing`;

export const eventsPage = ({ after, type, rows }: { after: number; type: string | undefined; rows: number }): Sql => sql`
  select seq, id, type, version, subject, payload, at from integrations.events
  where seq > ${after} ${type === undefined ? empty : sql`and type = ${type}`} order by seq limit ${rows}`;

export const seqOf = (id: string): Sql => sql`select seq from integrations.events where id = ${id}`;

/** The last event that is stored. */
export const lastSeq: Sql = sql`coalesce((select max(seq) from integrations.events), 0)`;

/** Events about something, oldest first, at most `limit`. */
export const eventsAbout = (subjects: readonly string[], limit: number): Sql => sql`
  select seq, id, type, version, subject, payload, at from integrations.events where subject = any(${subjects}::text[]) order by seq limit ${limit}`;
