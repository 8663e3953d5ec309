import { z } from 'zod';
import { notFound } from '#kernel/problems.ts';
import { anyone, del, get, HtmlPage, permitted, post, put, signedIn } from '#kernel/routes.ts';
import { alwaysOn, changeSettings, NotificationChanges, NotificationSettings, showSettings } from './choices.ts';
import type { Notifications } from './context.ts';
import { Device, Subscription } from './device.ts';
import {
  countUnread,
  listNotifications,
  NotificationsPage,
  NotificationsQuery,
  readAllNotifications,
  readNotification,
  Unread,
} from './list-notifications.ts';
import { Notification } from './notification.ts';
import { listDevices, registerDevice, removeDevice, showDevice } from './register-device.ts';
import { Bounce, reportBounce } from './report-bounce.ts';
import { askToUnsubscribe, showUnsubscribed, unsubscribe } from './unsubscribe.ts';

const UnreadCount = z.object({ unread: Unread }).meta({ id: 'UnreadCount' });
const Token = z.object({
  token: z.string().max(200).meta({
    description: 'From the link of an email',
    example: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01.sold.MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA',
  }),
});

export const routes = [
  get('/notifications', {
    summary: 'Your notifications, newest first',
    description: 'In your language, with the number of those that are not read.',
    access: signedIn,
    query: NotificationsQuery,
    returns: NotificationsPage,
    problems: [],
    handle: (ctx: Notifications, { query }) => listNotifications(ctx, query),
  }),
  get('/notifications/unread-count', {
    summary: 'How many notifications are not read',
    description: 'A thousand stands for a thousand or more.',
    access: signedIn,
    returns: UnreadCount,
    problems: [],
    handle: (ctx: Notifications) => countUnread(ctx),
  }),
  post('/notifications/read', {
    summary: 'Mark all notifications as read',
    description: 'Those that arrive meanwhile stay unread. The reply says how many are left.',
    access: signedIn,
    returns: UnreadCount,
    problems: [],
    handle: (ctx: Notifications) => readAllNotifications(ctx),
    again: (ctx: Notifications) => countUnread(ctx),
  }),
  post('/notifications/{id}/read', {
    summary: 'Mark a notification as read',
    description: 'Repeating it changes nothing.',
    access: signedIn,
    returns: Notification,
    problems: [notFound],
    handle: (ctx: Notifications, { params }) => readNotification(ctx, params.id),
    again: (ctx: Notifications, { params }) => readNotification(ctx, params.id),
  }),
  get('/notifications/settings', {
    summary: 'What you are told, and by which channels',
    description:
      'Every kind with its channels: what you have chosen, else what is usual. `stopped` names channels whose address is refused.',
    access: signedIn,
    returns: NotificationSettings,
    problems: [],
    handle: (ctx: Notifications) => showSettings(ctx),
  }),
  put('/notifications/settings', {
    summary: 'Choose what you are told, and by which channels',
    description: 'An absent field does not change; null empties it. What GET shows can be sent back.',
    access: signedIn,
    body: NotificationChanges,
    returns: NotificationSettings,
    problems: [alwaysOn],
    handle: (ctx: Notifications, { body }) => changeSettings(ctx, body),
  }),
  get('/notifications/push-key', {
    summary: 'The key that browsers subscribe to push messages with',
    description: 'The `applicationServerKey` (VAPID, RFC 8292); null where push messages are captured and not sent.',
    access: anyone,
    returns: z
      .object({
        publicKey: z
          .string()
          .nullable()
          .meta({ example: 'BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM' }),
      })
      .meta({ id: 'PushKey' }),
    problems: [],
    handle: async (ctx: Notifications) => ({ publicKey: ctx.push.publicKey }),
  }),
  get('/notifications/devices', {
    summary: 'Your browsers that get push messages',
    description: 'The newest first, each with the push service of its browser.',
    access: signedIn,
    returns: z.object({ items: z.array(Device) }).meta({ id: 'Devices' }),
    problems: [],
    handle: (ctx: Notifications) => listDevices(ctx),
  }),
  post('/notifications/devices', {
    summary: 'Register a browser for push messages',
    description:
      'Takes what `PushSubscription.toJSON()` says. At most ten; the oldest gives way. Registering a browser again replaces it. A browser that refuses messages is forgotten.',
    access: signedIn,
    body: Subscription,
    returns: Device,
    status: 201,
    location: () => '/notifications/devices',
    problems: [],
    handle: (ctx: Notifications, { body }) => registerDevice(ctx, body),
    again: (ctx: Notifications, _, { subject }) => showDevice(ctx, subject),
  }),
  del('/notification-devices/{id}', {
    summary: 'Send no more push messages to a browser',
    description: 'The browser is forgotten. It can be registered again.',
    access: signedIn,
    returns: null,
    problems: [notFound],
    handle: (ctx: Notifications, { params }) => removeDevice(ctx, params.id),
  }),
  post('/notifications/bounces', {
    summary: 'Report that messages to an email address came back',
    description:
      'Nothing is sent to the address any more, and its owner is told in the application. The reply does not say whether it is known.',
    access: permitted('notifications:report'),
    body: Bounce,
    returns: null,
    problems: [],
    handle: (ctx: Notifications, { body }) => reportBounce(ctx, body),
    again: async () => undefined,
  }),
  get('/notifications/unsubscribe', {
    summary: 'A page with a button that turns emails of one kind off',
    description: 'The link of an email. It needs no sign-in and does not expire.',
    access: anyone,
    query: Token,
    returns: HtmlPage,
    html: true,
    problems: [],
    handle: (ctx: Notifications, { query }) => askToUnsubscribe(ctx, query.token),
  }),
  post('/notifications/unsubscribe', {
    summary: 'Turn emails of one kind off with the link of an email',
    description: 'One-click unsubscription (RFC 8058): it needs no sign-in. Repeating it changes nothing.',
    access: anyone,
    query: Token,
    body: z
      .object({ 'List-Unsubscribe': z.literal('One-Click').optional() })
      .meta({ id: 'OneClick', example: { 'List-Unsubscribe': 'One-Click' } }),
    form: 'multipart',
    returns: HtmlPage,
    html: true,
    problems: [notFound],
    handle: (ctx: Notifications, { query }) => unsubscribe(ctx, query.token),
    again: (ctx: Notifications, { query }) => showUnsubscribed(ctx, query.token),
  }),
];
