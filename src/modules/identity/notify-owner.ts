import type { Transaction } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import { emailOf } from './account.ts';
import type { Identity } from './context.ts';
import { emailAbout, type News } from './emails.ts';
import { notifyOwnerJob } from './jobs.ts';
import { dropPendingEmail, findPendingEmail, storePendingEmail } from './pending-email.ts';

/**
 * Notifies the owner of what happens to the account in this transaction: if it was somebody else, they must know. The email goes
 * to the address that is confirmed at this moment, even if it changes before the job runs. An account without one gets none.
 */
export async function notifyOwner(ctx: Identity, tx: Transaction, accountId: string, news: News): Promise<void> {
  const letterId = newId();
  if (await storePendingEmail(tx, { id: letterId, accountId, now: ctx.clock.now() })) enqueue(tx, notifyOwnerJob, { letterId, news });
}

/** Sends the email once, even if it runs twice. An account that is erased gets none. */
export async function runNotifyOwner(ctx: Identity, { letterId, news }: { letterId: string; news: News }): Promise<void> {
  const email = await findPendingEmail(ctx.db, letterId);
  const to = email && emailOf(ctx.secrets, { id: email.account_id, email_sealed: email.to_sealed });
  if (!email || !to) return;
  await ctx.email.send({ key: `identity.letter:${letterId}`, to, ...emailAbout(ctx, { ...email, id: email.account_id }, news) });
  await dropPendingEmail(ctx.db, letterId);
}
