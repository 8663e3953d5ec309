import { hours } from '#kernel/clock.ts';
import { runs, runsTogether, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { notifications } from '#notifications';
import { tellAboutProduct, tellStockLow } from './about-product.ts';
import { tellUploadRefused } from './about-upload.ts';
import { life } from './account-life.ts';
import { type Notifications, needs } from './context.ts';
import { explainOrder } from './explain-order.ts';
import { forgetOld } from './forget-old.ts';
import { aboutProductJob, sendJob, stockLowJob, uploadRefusedJob } from './jobs.ts';
import { notifyAll } from './notify.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { sendNotifications } from './send-notification.ts';
import { sendingMachine } from './sending.ts';
import { notificationSettings } from './settings.ts';
import { standing } from './silence.ts';
import { subscriptions } from './subscriptions.ts';
import { tables } from './tables.ts';

export const notificationsModule = module<typeof notifications, Notifications>({
  contract: notifications,
  needs,
  ports: ['email', 'sms', 'push'],
  routes,
  resources,
  operations: {
    async notify(ctx, { kind, ...notice }) {
      await notifyAll(ctx, [{ ...notice, kind, text: kind, cause: ctx.cause }]);
      return {};
    },
    async notifyAll(ctx, { kind, values, notices }) {
      await notifyAll(
        ctx,
        notices.map((notice) => ({ ...notice, kind, values, text: kind })),
      );
      return {};
    },
  },
  jobs: [
    runsTogether(sendJob, sendNotifications),
    runs(aboutProductJob, tellAboutProduct),
    runs(uploadRefusedJob, tellUploadRefused),
    runs(stockLowJob, tellStockLow),
  ],
  timers: [timer('notifications.forget-old', hours(1), forgetOld)],
  subscriptions,
  settings: notificationSettings,
  permissions: { 'notifications:report': { does: 'reports email addresses that messages came back from', roles: ['operator'] } },
  sealed,
  life,
  explains: { order: explainOrder },
  standing,
  tables,
  machines: [sendingMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
