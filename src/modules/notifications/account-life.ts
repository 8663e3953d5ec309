import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import { sql } from '#kernel/database.ts';
import { forgetSettings, StoredSettings, storedSettings } from './choices.ts';
import type { Notifications } from './context.ts';
import { Device, devicesOf, deviceView } from './device.ts';
import { Notification, notificationsOf, notificationView } from './notification.ts';
import { languageFor } from './send-notification.ts';
import { silence, unsilence } from './silence.ts';

export const life: AccountLife<Notifications> = {
  close: async (ctx, whose) => {
    await silence(ctx, whose, 'closing');
    return true;
  },
  reopen: (ctx, whose) => unsilence(ctx, whose, 'closing'),
  forget: async (ctx, { accountId }) => {
    await ctx.db.transaction(async (tx) => {
      for (const table of [
        sql`delete from notifications.notifications where account_id = ${accountId}`,
        sql`delete from notifications.devices where account_id = ${accountId}`,
        sql`delete from notifications.stops where account_id = ${accountId}`,
        sql`delete from notifications.days where account_id = ${accountId}`,
      ])
        await tx.execute(table);
      await forgetSettings(tx, accountId);
    });
  },
  export: exporting(
    { notifications: z.array(Notification), notificationSettings: StoredSettings, devices: z.array(Device) },
    async (ctx: Notifications, { accountId, limit }) => {
      const language = languageFor(ctx, { id: accountId, language: null }); // no other module is asked while an account closes
      return {
        notifications: (await notificationsOf(ctx.db, accountId, limit)).map((row) => notificationView(row, language)),
        notificationSettings: await storedSettings(ctx.db, accountId),
        devices: (await devicesOf(ctx.db, accountId)).map((row) => deviceView(ctx.secrets, row)),
      };
    },
  ),
};
