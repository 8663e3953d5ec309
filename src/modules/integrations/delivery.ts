import { z } from 'zod';
import { empty, raw, type Sql, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { type EventRow, EventType } from './event.ts';
import { isOrdered } from './recipient.ts';
import { answerPlace } from './sealed.ts';
import type { WebhookRow } from './webhook.ts';

export const DeliveryState = z.enum(['pending', 'delivered', 'failed', 'skipped']);

export const Delivery = z
  .object({
    id: Id,
    eventId: Id.meta({ description: 'Also the `webhook-id` that it is sent under' }),
    type: EventType,
    subject: z.string().meta({ example: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' }),
    state: DeliveryState.meta({ description: '`failed`: given up after three days. `skipped`: there was nothing to tell this receiver' }),
    attempts: z.int(),
    nextAttemptAt: Time.nullable().meta({ description: 'Null when it is over' }),
    lastAttempt: z
      .object({
        at: Time,
        milliseconds: z.int(),
        request: z
          .object({
            body: z
              .record(z.string(), z.unknown())
              .nullable()
              .meta({ example: { type: 'orders.order-placed', timestamp: '2026-11-21T09:30:00.000Z', data: {} } }),
          })
          .meta({
            description: 'The body as it was sent. Null for partners: what they are sent holds an address, and is not stored',
          }),
        answer: z
          .object({ status: z.int(), body: z.string().meta({ description: 'Its first 2,000 characters', example: 'OK' }) })
          .nullable(),
        failure: z.string().nullable().meta({ description: 'Why there was no answer, or why it does not count', example: null }),
      })
      .nullable(),
    createdAt: Time,
  })
  .meta({ id: 'Delivery' });
export type Delivery = z.infer<typeof Delivery>;

export interface DeliveryRow extends Omit<EventRow, 'seq' | 'id'> {
  id: string;
  webhook_id: string;
  event_seq: number;
  event_id: string;
  outcome: 'delivered' | 'failed' | 'skipped' | null;
  attempts: number;
  next_at: Date;
  /** Staff have asked for it. */
  by_hand: boolean;
  attempted_at: Date | null;
  took_ms: number | null;
  status: number | null;
  failure: string | null;
  answer_sealed: string | null;
  created_at: Date;
}

/** What is sent of an event. */
export const messageOf = ({ type, at }: Pick<DeliveryRow, 'type' | 'at'>, data: Record<string, unknown>) => ({
  type,
  timestamp: at.toISOString(),
  data,
});

export const deliveryView = (secrets: Secrets, webhook: WebhookRow, row: DeliveryRow): Delivery => ({
  id: row.id,
  eventId: row.event_id,
  type: row.type,
  subject: row.subject,
  state: row.outcome ?? 'pending',
  attempts: row.attempts,
  nextAttemptAt: row.outcome ? null : row.next_at.toISOString(),
  lastAttempt: row.attempted_at && {
    at: row.attempted_at.toISOString(),
    milliseconds: row.took_ms ?? 0,
    request: { body: isOrdered(webhook) ? null : messageOf(row, row.payload) },
    answer:
      row.status === null
        ? null
        : { status: row.status, body: row.answer_sealed ? secrets.unseal(row.answer_sealed, answerPlace(row.id)) : '' },
    failure: row.failure,
  },
  createdAt: row.created_at.toISOString(),
});

const COLUMNS = raw('d.*, e.payload, e.at, e.version');
const WITH_EVENT = raw('integrations.deliveries d join integrations.events e on e.seq = d.event_seq');

/** Newest first. */
export const deliveriesPage = (
  webhookId: string,
  { after, state, rows }: { after: number | null; state?: string | undefined; rows: number },
): Sql => sql`
  select ${COLUMNS} from ${WITH_EVENT}
  where d.webhook_id = ${webhookId} ${after === null ? empty : sql`and d.event_seq < ${after}`}
    ${state === undefined ? empty : state === 'pending' ? sql`and d.outcome is null` : sql`and d.outcome = ${state}`}
  order by d.event_seq desc limit ${rows}`;

export const deliveryOf = (webhookId: string, id: string): Sql =>
  sql`select ${COLUMNS} from ${WITH_EVENT} where d.webhook_id = ${webhookId} and d.id = ${id}`;

/** What is due: first what staff have asked for, then what has waited longest. With `inOrder` only the first of each subject is. */
export function dueDeliveries(webhookId: string, { now, inOrder, limit }: { now: Date; inOrder: boolean; limit: number }): Sql {
  const isFirst = inOrder
    ? sql`and not exists (
        select from integrations.deliveries p
        where p.webhook_id = d.webhook_id and p.subject = d.subject and p.outcome is null and p.event_seq < d.event_seq)`
    : empty;
  const due = (byHand: Sql) => sql`(
    select d.id from integrations.deliveries d
    where d.webhook_id = ${webhookId} and d.outcome is null and d.next_at <= ${now} and ${byHand} ${isFirst}
    order by d.next_at, d.event_seq limit ${limit})`;
  return sql`
    with due as materialized (${due(sql`d.by_hand`)} union all ${due(sql`not d.by_hand`)} limit ${limit})
    select ${COLUMNS} from ${WITH_EVENT} join due on due.id = d.id order by d.by_hand desc, d.next_at, d.event_seq`;
}

/** Deliveries about something, oldest first, at most `limit`. */
export const deliveriesAbout = (subjects: readonly string[], limit: number): Sql => sql`
  select d.*, w.url, w.partner, w.role from integrations.deliveries d join integrations.webhooks w on w.id = d.webhook_id
  where d.subject = any(${subjects}::text[]) order by d.event_seq limit ${limit}`;
