import type { Cause } from '#kernel/cause.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import type { Notifications } from './context.ts';
import { sendJob } from './jobs.ts';
import { type Choices, isOn, type SentChannel } from './kinds.ts';
import { type Notice, noticesInsert } from './notification.ts';

const sent: readonly SentChannel[] = ['email', 'sms', 'push'];

/** The cause of a notice, where several events are told of at once. */
export type Caused = Notice & { cause?: Cause | null };

/**
 * Tells people things: each notice once per key, in two statements for all of them. Its messages are sent by jobs, one for each channel
 * that the kind uses and the person has not turned off.
 */
export async function notifyAll(ctx: Notifications, notices: readonly Caused[]): Promise<void> {
  if (notices.length === 0) return;
  await ctx.db.transaction(async (tx) => {
    const accounts = [...new Set(notices.map(({ accountId }) => accountId))];
    const chosen = new Map(
      (await tx.many<{ account_id: string; choices: Choices }>(choicesOf(accounts))).map((row) => [row.account_id, row.choices]),
    );
    const planned = notices.map((notice) => {
      const choices = chosen.get(notice.accountId) ?? {};
      const isChosen = (channel: 'in-app' | SentChannel) => isOn(notice.kind, channel, choices, notice.text);
      return { ...notice, id: newId(), inApp: isChosen('in-app'), channels: sent.filter(isChosen) };
    });
    const causes = new Map(planned.map(({ id, cause }) => [id, cause ?? null]));
    const sendings = await tx.many<{ notificationId: string; channel: SentChannel }>(noticesInsert(planned, ctx.clock.now()));
    for (const sending of sendings) enqueue(tx, sendJob, sending, { cause: causes.get(sending.notificationId) ?? null });
  });
}

export const choicesOf = (accounts: readonly string[]): Sql =>
  sql`select account_id, choices from notifications.settings where account_id = any(${accounts}::uuid[])`;
