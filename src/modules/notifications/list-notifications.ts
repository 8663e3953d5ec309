import { z } from 'zod';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, Limit, page } from '#kernel/shapes.ts';
import type { Notifications } from './context.ts';
import {
  markAllRead,
  markRead,
  Notification,
  type NotificationRow,
  notificationsPage,
  notificationView,
  unreadCount,
} from './notification.ts';
import { languageFor } from './send-notification.ts';

export const NotificationsQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  unread: z.enum(['true', 'false']).default('false').meta({ description: 'Only those that are not read' }),
});

export const Unread = z.int().meta({ description: 'How many are not read; 1000 means 1000 or more', example: 3 });

export const NotificationsPage = page(Notification).extend({ unread: Unread }).meta({ id: 'Notifications' });

/** The caller's notifications, newest first, in their language. */
export async function listNotifications(
  ctx: Notifications,
  { unread, ...query }: z.infer<typeof NotificationsQuery>,
): Promise<z.infer<typeof NotificationsPage>> {
  const accountId = ctx.actor.id;
  const [reader] = await ctx.identity.contactsOf({ ids: [accountId] });
  const language = languageFor(ctx, reader);
  const found = await pageOf(ctx, `notifications:${unread}`, query, {
    rows: (after, rows) =>
      ctx.db.many<NotificationRow>(notificationsPage({ accountId, unread: unread === 'true', after: idIn(after), rows })),
    position: (row) => [row.id],
    item: (row) => notificationView(row, language),
  });
  return { ...found, ...(await countUnread(ctx)) };
}

export const countUnread = (ctx: Notifications): Promise<{ unread: number }> => ctx.db.one<{ unread: number }>(unreadCount(ctx.actor.id));

/** Marks one as read. @throws notFound when it is not the caller's. */
export async function readNotification(ctx: Notifications, id: string): Promise<z.infer<typeof Notification>> {
  const row = await ctx.db.transaction(async (tx) => {
    const marked = await tx.maybe<NotificationRow>(markRead(ctx.actor.id, id, ctx.clock.now()));
    if (!marked) throw notFound();
    return marked;
  });
  const [reader] = await ctx.identity.contactsOf({ ids: [ctx.actor.id] });
  return notificationView(row, languageFor(ctx, reader));
}

export async function readAllNotifications(ctx: Notifications): Promise<{ unread: number }> {
  await ctx.db.transaction((tx) => tx.execute(markAllRead(ctx.actor.id, ctx.clock.now())));
  return countUnread(ctx);
}
