import { z } from 'zod';
import { type Database, empty, type Sql, sql } from '#kernel/database.ts';
import type { Language } from '#kernel/languages.ts';
import { Id, Time } from '#kernel/shapes.ts';
import type { Values } from '#mail/fill.ts';
import { plainOf } from '#mail/message.ts';
import { isMessageKind, type MessageKind } from '#mail/texts.ts';
import { type Kind, kindNames, type SentChannel } from './kinds.ts';

export interface NotificationRow {
  id: string;
  account_id: string;
  kind: Kind;
  /** Which text it has: the kind, and for some kinds how it ended. */
  text: string;
  values: Values;
  read_at: Date | null;
  created_at: Date;
}

export const Notification = z
  .object({
    id: Id,
    kind: z.enum(kindNames),
    subject: z.string().meta({ example: 'Your order is on its way' }),
    text: z.string().meta({ example: 'Your order is on its way to you.' }),
    readAt: Time.nullable(),
    createdAt: Time,
  })
  .meta({ id: 'Notification' });

/** A notification in the language of its reader. One of another version, whose text this one has not, shows its kind. */
export function notificationView(row: NotificationRow, language: Language): z.infer<typeof Notification> {
  const { subject, paragraphs } = isMessageKind(row.text) ? plainOf(row.text, row.values, language) : { subject: row.kind, paragraphs: [] };
  return {
    id: row.id,
    kind: row.kind,
    subject,
    text: paragraphs.join('\n\n'),
    readAt: row.read_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}

/** One person to be told one thing. */
export interface Notice {
  /** One event, one person: told once. */
  key: string;
  accountId: string;
  kind: Kind;
  text: MessageKind;
  values: Values;
}

export interface Planned extends Notice {
  id: string;
  inApp: boolean;
  channels: readonly SentChannel[];
}

/** Writes notifications and how each is to be sent; answers the sendings that are new. One statement. */
export const noticesInsert = (notices: readonly Planned[], at: Date): Sql => {
  const ways = notices.flatMap(({ id, channels }) => channels.map((channel) => ({ id, channel })));
  return sql`
    with made as (
      insert into notifications.notifications (id, key, account_id, kind, text, values, in_app, created_at)
      select id, key, account_id, kind, text, values, in_app, ${at}
      from unnest(${notices.map(({ id }) => id)}::uuid[], ${notices.map(({ key }) => key)}::text[], ${notices.map(({ accountId }) => accountId)}::uuid[],
                  ${notices.map(({ kind }) => kind)}::text[], ${notices.map(({ text }) => text)}::text[],
                  ${notices.map(({ values }) => JSON.stringify(values))}::jsonb[], ${notices.map(({ inApp }) => inApp)}::boolean[])
           as n (id, key, account_id, kind, text, values, in_app)
      where not exists (select from notifications.silenced as s where s.account_id = n.account_id)
      order by key on conflict (key) do nothing returning id)
    insert into notifications.sendings (notification_id, channel)
    select made.id, way.channel from made join unnest(${ways.map(({ id }) => id)}::uuid[], ${ways.map(({ channel }) => channel)}::text[]) as way (id, channel) on way.id = made.id
    returning notification_id as "notificationId", channel`;
};

export const notificationsPage = (query: { accountId: string; unread: boolean; after: string | null; rows: number }): Sql => sql`
  select id, account_id, kind, text, values, read_at, created_at from notifications.notifications
  where account_id = ${query.accountId} and in_app
    ${query.unread ? sql`and read_at is null` : empty} ${query.after ? sql`and id < ${query.after}` : empty}
  order by id desc limit ${query.rows}`;

const MOST_COUNTED = 1000;

/** How many are unread; a thousand stands for a thousand or more. */
export const unreadCount = (accountId: string): Sql => sql`
  select count(*)::int as unread from (
    select 1 from notifications.notifications where account_id = ${accountId} and in_app and read_at is null limit ${MOST_COUNTED}) as n`;

/** Marks one as read; when it was read first stays. */
export const markRead = (accountId: string, id: string, now: Date): Sql => sql`
  update notifications.notifications set read_at = coalesce(read_at, ${now}) where id = ${id} and account_id = ${accountId} and in_app
  returning id, account_id, kind, text, values, read_at, created_at`;

/** Marks all up to now as read. */
export const markAllRead = (accountId: string, now: Date): Sql => sql`
  update notifications.notifications set read_at = ${now} where account_id = ${accountId} and in_app and read_at is null and created_at <= ${now}`;

export const notificationsBefore = (before: Date, limit: number): Sql => sql`
  delete from notifications.notifications where id = any(array(
    select id from notifications.notifications where created_at < ${before} order by created_at limit ${limit} for update skip locked))`;

/** Those of an account, in pages, for its export. */
export const notificationsOf = (db: Database, accountId: string, limit: number): Promise<NotificationRow[]> =>
  db.many<NotificationRow>(sql`
    select id, account_id, kind, text, values, read_at, created_at from notifications.notifications
    where account_id = ${accountId} order by id desc limit ${limit}`);
