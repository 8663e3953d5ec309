import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { Wallet } from './context.ts';
import { findPayout, type Payout, type PayoutRow, payoutsPage, payoutView } from './payout.ts';
import { payoutMachine } from './payout-state.ts';

export const PayoutsQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  state: payoutMachine.State.optional().meta({ description: 'Only payouts in this state' }),
});

/** The caller's own payouts, newest first; with `payouts:approve` those of everybody. */
export async function listPayouts(ctx: Wallet, { state, ...page }: z.infer<typeof PayoutsQuery>): Promise<Page<Payout>> {
  const owner = ctx.actor.permissions.has('payouts:approve') ? null : ctx.actor.id;
  readsDataOf(ctx, owner);
  const found = await pageOf(ctx, `payouts:${owner}:${state ?? ''}`, page, {
    rows: (after, rows) => ctx.db.many<PayoutRow>(payoutsPage({ owner, state, after: idIn(after), rows })),
    position: (row) => [row.id],
    item: (row) => row,
  });
  const usernameOf = await usernamesOf(
    ctx,
    found.items.map((row) => row.owner),
  );
  return { ...found, items: found.items.map((row) => payoutView(row, usernameOf(row.owner))) };
}

/** One payout; `owner` null is staff. */
export async function readPayout(ctx: Wallet, id: string, owner: string | null): Promise<Payout> {
  const row = await findPayout(ctx.db, id, owner);
  if (!row) throw notFound();
  readsDataOf(ctx, row.owner);
  return payoutView(row, (await usernamesOf(ctx, [row.owner]))(row.owner));
}

/** How owners are called today; the caller is known without asking. */
export async function usernamesOf(ctx: Wallet, owners: readonly string[]): Promise<(id: string) => string> {
  const ids = [...new Set(owners)].filter((id) => id !== ctx.actor.id);
  const accounts = ids.length > 0 ? await ctx.identity.findAccounts({ ids }) : [];
  const byId = new Map([[ctx.actor.id, ctx.actor.username], ...accounts.map(({ id, username }) => [id, username] as const)]);
  return (id) => byId.get(id) ?? 'erased';
}
