import type { Transaction } from '#kernel/database.ts';
import { leaseEnd } from '#kernel/lease.ts';
import { notFound } from '#kernel/problems.ts';
import type { Order } from '#orders';
import { beginChange, type Change, isEmpty, writeChange } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { finishOrder, follow } from './finish-order.ts';
import { openShipments } from './open-shipments.ts';
import { type By, lockOrder, type OrderRow } from './order.ts';

export interface Outcome {
  order: OrderRow;
  /** The order as its module shows it now; null where the command changed nothing. */
  shown: Order | null;
}

/**
 * Does one thing to an order on its way. The row of the order is locked, so what many do at once happens one after the other, each
 * judging what the one before left. `decide` gathers the change, or throws a refusal.
 *
 * If all modules run in this process, the change and the money, the stock and the order that follow it are one transaction. Otherwise the
 * change commits first, with a lease, and what follows is done by this call, by the call that repeats it, or by the timer once the lease is over.
 *
 * @throws notFound when the order was not placed, and what `decide` throws.
 */
export async function runCommand(ctx: FulfilmentContext, orderId: string, by: By, decide: Decide): Promise<Outcome> {
  const outcome = await attempt(ctx, orderId, by, decide);
  if (outcome) return outcome;
  if (!(await openShipments(ctx, { orderId }))) throw notFound();
  const second = await attempt(ctx, orderId, by, decide);
  if (!second) throw notFound();
  return second;
}

/** Gathers what is to be done, or throws a refusal. */
export type Decide = (change: Change, tx: Transaction) => void | Promise<void>;

function attempt(ctx: FulfilmentContext, orderId: string, by: By, decide: Decide): Promise<Outcome | undefined> {
  const leaseUntil = ctx.isTogether ? null : leaseEnd(ctx, ctx.settings.leaseMs);
  return ctx.together(async (ctx) => {
    const done = await ctx.db.transaction(async (tx) => {
      const order = await lockOrder(tx, orderId);
      if (!order) return undefined;
      const change = beginChange(order, ctx.clock.now(), by);
      await decide(change, tx);
      if (isEmpty(change)) return { order, change: undefined };
      await writeChange(tx, change, leaseUntil);
      return { order, change };
    });
    if (!done) return undefined;
    const { order, change } = done;
    const isBehind = leaseUntil !== null && order.finished_version < order.version;
    if (!change) return { order, shown: isBehind ? await finishOrder(ctx, { orderId }) : null };
    return { order, shown: leaseUntil ? await finishOrder(ctx, { orderId }) : await follow(ctx, { ...change, since: order.version - 1 }) };
  });
}
