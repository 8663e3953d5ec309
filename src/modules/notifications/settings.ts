import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

export const notificationSettings = settings(
  {
    LOW_STOCK: z.coerce
      .number()
      .int()
      .min(0)
      .max(1000)
      .default(3)
      .describe('a seller is told when no more units of a variant than this can be sold, once until there are more; 0 to 1000'),
    NOTIFICATIONS_PER_DAY: z.coerce
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(50)
      .describe('messages that a person is sent on one day by each of email, SMS and push, 1 to 10000; more are in the application only'),
    NOTIFICATION_DAYS: z.coerce.number().int().min(1).max(3650).default(180).describe('how long notifications are stored, 1 to 3650 days'),
  },
  (given, { publicUrl, shopName, shopLanguage }) => ({
    publicUrl,
    shopName,
    shopLanguage,
    lowStock: given.LOW_STOCK,
    perDay: given.NOTIFICATIONS_PER_DAY,
    storedDays: given.NOTIFICATION_DAYS,
  }),
);
