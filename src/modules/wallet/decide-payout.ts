import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { sql, type Transaction } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { notFound } from '#kernel/problems.ts';
import { line } from '#kernel/shapes.ts';
import { payoutFailed } from '#wallet';
import type { Wallet } from './context.ts';
import { sendPayoutJob } from './jobs.ts';
import { post } from './ledger.ts';
import { usernamesOf } from './list-payouts.ts';
import { ending, findPayout, ownPayout, type Payout, type PayoutRow, payoutView, returnJournal } from './payout.ts';
import { payoutMachine } from './payout-state.ts';

export const DecidePayout = z.strictObject({
  approve: z.boolean().default(true).meta({ description: 'false rejects the payout: its money is payable again' }),
  reason: line(500).optional().meta({ description: 'The owner can read it', example: 'The account belongs to somebody else.' }),
});
type DecidePayout = z.infer<typeof DecidePayout>;

/** Approves a payout that waits, or rejects it. The same decision again changes nothing; the other one is refused. */
export async function decidePayout(ctx: Wallet, id: string, decision: DecidePayout): Promise<Payout> {
  const row = await ctx.db.transaction(async (tx) => {
    const found = await findPayout(tx, id, null, sql`for no key update`);
    if (!found) throw notFound();
    if (found.owner === ctx.actor.id) throw ownPayout();
    const isRepeated = found.decided_by !== null && (found.state === 'rejected') === !decision.approve;
    if (!isRepeated) await (decision.approve ? approve : reject)(ctx, tx, found, decision);
    return (await findPayout(tx, id, null))!;
  });
  readsDataOf(ctx, row.owner);
  return payoutView(row, (await usernamesOf(ctx, [row.owner]))(row.owner));
}

async function approve(ctx: Wallet, tx: Transaction, row: PayoutRow, { reason }: DecidePayout): Promise<void> {
  const state = payoutMachine.after(row.state, 'approve');
  const at = ctx.clock.now();
  await tx.execute(sql`
    update wallet.payouts set state = ${state}, decided_by = ${ctx.actor.id}, decided_at = ${at}, reason = ${reason ?? null}, lease_until = ${at}
    where id = ${row.id}`);
  enqueue(tx, sendPayoutJob, { payoutId: row.id });
}

async function reject(ctx: Wallet, tx: Transaction, row: PayoutRow, { reason }: DecidePayout): Promise<void> {
  const state = payoutMachine.after(row.state, 'reject');
  const at = ctx.clock.now();
  const changes = sql`state = ${state}, decided_by = ${ctx.actor.id}, decided_at = ${at}, reason = ${reason ?? null}`;
  await post(tx, returnJournal(row, at), ending(row.id, 'reject', changes, at));
  const { id: payoutId, owner, currency, amount } = row;
  emit(tx, payoutFailed, payoutId, { payoutId, owner, currency, amount });
}
