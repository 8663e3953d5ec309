import { z } from 'zod';
import { minutes, seconds } from '#kernel/clock.ts';
import { enqueue } from '#kernel/events.ts';
import { leaseEnd, resumeStale } from '#kernel/lease.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { problem, stillRunning, unauthenticated } from '#kernel/problems.ts';
import { beginClosure, type ClosureRow, dropClosure, moveClosure, openClosures } from './closure.ts';
import type { Customers } from './context.ts';
import { forgetAgainJob } from './jobs.ts';

export const stillOpen = problem({
  code: 'customers/still-open',
  status: 409,
  title: 'The account cannot be deleted yet',
  members: { reasons: z.array(z.string()) },
  detail: ({ reasons }) => `These must be finished before the account can be deleted: ${reasons.join(', ')}.`,
});

const LEASE_MS = seconds(30);
/** Longer than any call takes. */
const LATE_CALLS_MS = minutes(2);

/**
 * Deletes the account of the caller, if they have signed in lately: closes it, looks whether anything is open, and erases it or opens
 * it again. It looks before the closing as well, so that a caller with money left is refused without being signed out.
 */
export async function deleteCustomer(ctx: Customers, ifMatch: Precondition | undefined): Promise<undefined> {
  const accountId = ctx.actor.id;
  if (ctx.request) ctx.request.subject = accountId;
  await ctx.identity.demandFreshSignIn({});
  const { version } = await ctx.identity.readCustomer({ accountId });
  demandVersion(ifMatch, version);
  const reasons = await ctx.everyModule.blockers({ accountId });
  if (reasons.length > 0) throw stillOpen({ reasons });
  const closure = await beginClosure(ctx.db, accountId, { now: ctx.clock.now(), leaseUntil: leaseEnd(ctx, LEASE_MS) });
  if (!closure) throw stillRunning({ retryAfterSeconds: 2 });
  const found = await resolveClosure(ctx, closure);
  if (found.length > 0) throw stillOpen({ reasons: found });
}

/**
 * Finishes a closure, from any step at which a crash has stopped it: every step may run twice. Nobody can begin anything for a
 * closed account, so after the closing all open things are found.
 *
 * @returns what was found open; the account is then open again.
 */
export async function resolveClosure(ctx: Customers, closure: ClosureRow): Promise<string[]> {
  const accountId = closure.account_id;
  if (closure.state === 'closing') {
    const isClosed = await ctx.everyModule.close({ accountId });
    const reasons = await ctx.everyModule.blockers({ accountId });
    const moved = await moveClosure(ctx.db, closure, isClosed && reasons.length === 0 ? 'erase' : 'reopen');
    if (!moved) throw stillRunning({ retryAfterSeconds: 2 });
    await resolveClosure(ctx, moved);
    if (!isClosed && reasons.length === 0) throw unauthenticated(); // it was suspended this very moment
    return reasons;
  }
  if (closure.state === 'reopening') await reopen(ctx, closure);
  if (closure.state === 'erasing') await erase(ctx, closure);
  return [];
}

/** Finishes what crashes left behind. */
export const resumeClosures = (ctx: Customers): Promise<void> =>
  resumeStale(ctx, openClosures, { leaseMs: LEASE_MS, resume: (closure: ClosureRow) => resolveClosure(ctx, closure) });

async function reopen(ctx: Customers, closure: ClosureRow): Promise<void> {
  await ctx.everyModule.reopen({ accountId: closure.account_id });
  await dropClosure(ctx.db, closure);
}

/** Every module forgets the account; a job does it once more, for what a call wrote that was let in before the closing. */
async function erase(ctx: Customers, closure: ClosureRow): Promise<void> {
  const accountId = closure.account_id;
  await ctx.everyModule.forget({ accountId });
  const later = new Date(ctx.clock.now().getTime() + LATE_CALLS_MS);
  await ctx.db.transaction(async (tx) => {
    if (await moveClosure(tx, closure, 'finish')) enqueue(tx, forgetAgainJob, { accountId }, { notBefore: later });
  });
}
