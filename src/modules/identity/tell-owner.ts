import type { Transaction } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import { emailOf } from './account.ts';
import type { Identity } from './context.ts';
import { emailAbout, type News } from './emails.ts';
import { tellOwnerJob } from './jobs.ts';
import { dropOwed, findOwed, oweEmail } from './owed-email.ts';

/**
 * Has the owner of an account told what happens to it in this transaction: if it was not them, they must know. The email goes
 * to the address that is confirmed at this moment, whatever it is changed to before the job runs; without one there is none.
 */
export async function tellOwner(ctx: Identity, tx: Transaction, accountId: string, news: News): Promise<void> {
  const letterId = newId();
  if (await oweEmail(tx, { id: letterId, accountId, now: ctx.clock.now() })) enqueue(tx, tellOwnerJob, { letterId, news });
}

/** Sends the email; run twice, it is sent once. Nobody is told of an account that is erased. */
export async function runTellOwner(ctx: Identity, { letterId, news }: { letterId: string; news: News }): Promise<void> {
  const owed = await findOwed(ctx.db, letterId);
  const to = owed && emailOf(ctx.secrets, { id: owed.account_id, email_sealed: owed.to_sealed });
  if (!owed || !to) return;
  await ctx.email.send({ key: `identity.letter:${letterId}`, to, ...emailAbout(news, owed.username) });
  await dropOwed(ctx.db, letterId);
}
