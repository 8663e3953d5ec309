import type { Transaction } from '#kernel/database.ts';
import { leaseEnd } from '#kernel/lease.ts';
import { notFound } from '#kernel/problems.ts';
import type { Order } from '#orders';
import { beginChange, type Change, isEmpty, writeChange } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { finishOrder, follow } from './finish-order.ts';
import { type Opening, openingOf, writeOpening } from './open-shipments.ts';
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
 * Where the order has no shipments yet, they are written in the same transaction. So a call that is refused leaves none.
 *
 * @throws notFound when the order was not placed, and what `decide` throws.
 */
export async function runCommand(ctx: FulfilmentContext, orderId: string, by: By, decide: Decide): Promise<Outcome> {
  try {
    return await attempt(ctx, orderId, by, decide);
  } catch (error) {
    if (error !== UNOPENED) throw error;
  }
  const opening = await openingOf(ctx, orderId);
  if (!opening) throw notFound();
  return attempt(ctx, orderId, by, decide, opening);
}

/** Thrown, so that a transaction that did nothing is not committed: with a commit goes the audit entry of a call that was done. */
const UNOPENED = new Error('The order has no shipments yet.');

/** Gathers what is to be done, or throws a refusal. */
export type Decide = (change: Change, tx: Transaction) => void | Promise<void>;

function attempt(ctx: FulfilmentContext, orderId: string, by: By, decide: Decide, opening?: Opening): Promise<Outcome> {
  const leaseUntil = ctx.isTogether ? null : leaseEnd(ctx, ctx.settings.leaseMs);
  return ctx.together(async (ctx) => {
    const { order, change } = await ctx.db.transaction(async (tx) => {
      const isOpened = opening !== undefined && (await writeOpening(tx, opening, leaseUntil));
      const order = await lockOrder(tx, orderId);
      if (!order) throw UNOPENED;
      const change = beginChange(order, ctx.clock.now(), by);
      await decide(change, tx);
      if (isEmpty(change)) return { order, change: isOpened ? change : undefined };
      await writeChange(tx, change, leaseUntil);
      return { order, change };
    });
    const isBehind = leaseUntil !== null && order.finished_version < order.version;
    if (!change) return { order, shown: isBehind ? await finishOrder(ctx, { orderId }) : null };
    return { order, shown: leaseUntil ? await finishOrder(ctx, { orderId }) : await follow(ctx, { ...change, since: order.version - 1 }) };
  });
}
