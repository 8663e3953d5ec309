import { z } from 'zod';
import { hours } from '#kernel/clock.ts';
import type { Transaction } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { type Replayed, replayed } from '#kernel/routes.ts';
import type { Reviews } from './context.ts';
import { type Flag, FlagReason, type FlagRow, flagInsert, flagOf, flagView, type OpenFlags, openFlags } from './flag.ts';
import { requestModerationJob } from './jobs.ts';
import { moveReview } from './moderate-review.ts';
import { lockReview, type ReviewRow } from './review.ts';

export const FlagReview = z.strictObject({ reason: FlagReason });

export const ownReview = problem({
  code: 'reviews/own-review',
  status: 409,
  title: 'This is your own review',
  detail: 'Change it with PATCH, or delete it with DELETE.',
});

/**
 * Flags a review, once per person; a repeated flag gets the same answer. With enough flags
 * (REVIEW_FLAGS_TO_HIDE) the review is hidden until staff decide. Only flags of accounts with a confirmed email and an age of
 * REVIEW_FLAG_ACCOUNT_HOURS hide it; with enough flags of any accounts staff look at it while it stays public. People take turns at
 * the review's row, so that each flag is counted.
 */
export async function flagReview(ctx: Reviews, id: string, { reason }: z.infer<typeof FlagReview>): Promise<Flag | Replayed<Flag>> {
  const person = ctx.actor.id;
  const counts = await isTrusted(ctx, person);
  return ctx.db.transaction(async (tx) => {
    const row = await lockReview(tx, id, null);
    if (row?.customer_id === person) throw ownReview();
    const earlier = row && (await tx.maybe<FlagRow>(flagOf(id, person)));
    if (earlier) return replayed(flagView(earlier));
    if (row?.state !== 'published') throw notFound();
    const flag = await tx.one<FlagRow>(flagInsert({ reviewId: id, person, reason, counts, at: ctx.clock.now() }));
    await actIfEnough(ctx, tx, row);
    return flagView(flag);
  });
}

/** The reply to a flag that was set before. @throws notFound when it is gone. */
export async function showFlag(ctx: Reviews, id: string): Promise<Flag> {
  const row = await ctx.db.maybe<FlagRow>(flagOf(id, ctx.actor.id));
  if (!row) throw notFound();
  return flagView(row);
}

/** Accounts cost nothing to make; a mailbox and a day's wait cost something. */
async function isTrusted({ identity, clock, settings }: Reviews, accountId: string): Promise<boolean> {
  const account = await identity.registrationOf({ accountId });
  return account?.emailConfirmed === true && Date.parse(account.createdAt) + hours(settings.flagAccountHours) <= clock.now().getTime();
}

async function actIfEnough(ctx: Reviews, tx: Transaction, row: ReviewRow): Promise<void> {
  const { flagsToHide } = ctx.settings;
  const { all, counting } = await tx.one<OpenFlags>(openFlags(row.id));
  if (all < flagsToHide) return;
  if (counting >= flagsToHide) await moveReview(ctx, tx, row, { action: 'flag', reason: null, by: null });
  enqueue(tx, requestModerationJob, { reviewId: row.id, rules: [] });
}
