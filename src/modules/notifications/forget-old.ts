import { days } from '#kernel/clock.ts';
import { sql } from '#kernel/database.ts';
import type { Notifications } from './context.ts';
import { notificationsBefore } from './notification.ts';

const ROWS = 1000;
const ROUNDS = 20;

/** Deletes notifications that are older than NOTIFICATION_DAYS, and counts of days that are over. The rest is for the next turn. */
export async function forgetOld(ctx: Notifications): Promise<void> {
  const now = ctx.clock.now().getTime();
  const before = new Date(now - days(ctx.settings.storedDays));
  const yesterday = new Date(now - days(2)).toISOString().slice(0, 10);
  for (let round = 0; round < ROUNDS; round++) {
    const dropped = await ctx.db.execute(notificationsBefore(before, ROWS));
    const counts = await ctx.db.execute(sql`
      delete from notifications.days where (account_id, channel, day) in (
        select account_id, channel, day from notifications.days where day < ${yesterday}::date order by day limit ${ROWS} for update skip locked)`);
    if (dropped < ROWS && counts < ROWS) return;
  }
}
