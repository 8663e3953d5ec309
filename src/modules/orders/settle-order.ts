import { emit, enqueue } from '#kernel/events.ts';
import { claimStale, leaseEnd, resumeStale } from '#kernel/lease.ts';
import { Problem } from '#kernel/problems.ts';
import { orderPlaced, orderRejected, partyLeft } from '#orders';
import { hasClosedParty } from './closed-account.ts';
import type { Orders } from './context.ts';
import { giveBackJob } from './jobs.ts';
import { findOrder, markPlaced, markRejected, type OrderRow, undecidedOrders } from './order.ts';

/** Another runner decided this order while this one was at it: what it did here is undone, and what stands is read. */
class DecidedElsewhere extends Error {}

/**
 * Brings an order from `placing` to `placed` or `rejected`. Safe to run twice, even at once: every step carries the order's
 * id as its key. The stock comes last, so that the row that many buyers want is locked for the shortest time.
 */
export async function settleOrder(ctx: Orders, order: OrderRow): Promise<OrderRow> {
  try {
    return await ctx.together(async (ctx) => {
      if (order.payment === 'wallet' && order.total > 0) {
        await ctx.wallet.pay({ key: order.id, payer: order.buyer, currency: order.currency, shares: order.shares as never });
      }
      await ctx.inventory.take({
        key: order.id,
        lines: order.lines.map((line) => ({ variantId: line.variant_id, quantity: line.quantity })),
      });
      return announcePlaced(ctx, order);
    });
  } catch (error) {
    if (error instanceof DecidedElsewhere) return (await findOrder(ctx.db, order.id, null)) as OrderRow;
    if (!(error instanceof Problem) || error.status >= 500) throw error; // how it ended is not known: the timer asks again
    return reject(ctx, order, error);
  }
}

async function announcePlaced(ctx: Orders, order: OrderRow): Promise<OrderRow> {
  const at = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    if (!(await markPlaced(tx, order.id, at))) throw (await hasClosedParty(tx, order.id)) ? partyLeft() : new DecidedElsewhere();
    emit(tx, orderPlaced, order.id, {
      orderId: order.id,
      buyer: order.buyer,
      payment: order.payment,
      currency: order.currency,
      total: order.total,
      lines: order.lines.map((line) => ({
        productId: line.product_id,
        variantId: line.variant_id,
        sellerId: line.seller_id,
        quantity: line.quantity,
        total: line.quantity * line.unit_price,
      })),
    });
  });
  return { ...order, state: 'placed', decided_at: at };
}

/** The refusal, its event, and the job that gives back what may have been taken: one transaction. */
async function reject(ctx: Orders, order: OrderRow, problem: Problem): Promise<OrderRow> {
  const at = ctx.clock.now();
  const refusal = { code: problem.code, extra: { ...problem.extra } };
  if (ctx.request) ctx.request.refusedWith = problem.status;
  const rejected = await ctx.db.transaction(async (tx) => {
    if (!(await markRejected(tx, order.id, refusal, at))) return false;
    emit(tx, orderRejected, order.id, { orderId: order.id, buyer: order.buyer, code: problem.code });
    enqueue(tx, giveBackJob, { orderId: order.id });
    return true;
  });
  return rejected ? { ...order, state: 'rejected', refusal, decided_at: at } : ((await findOrder(ctx.db, order.id, null)) as OrderRow);
}

/** Resumes an order whose runner is gone; one that is being run, or is decided, is answered as it is. */
export async function resumeOrder(ctx: Orders, id: string): Promise<OrderRow | undefined> {
  const claim = claimStale(undecidedOrders, { now: ctx.clock.now(), until: leaseEnd(ctx, ctx.settings.leaseMs), key: id });
  const claimed = await ctx.db.maybe<OrderRow>(claim);
  return claimed ? settleOrder(ctx, claimed) : findOrder(ctx.db, id, null);
}

/** Finishes what crashes left behind. */
export const resumeOrders = (ctx: Orders): Promise<void> =>
  resumeStale(ctx, undecidedOrders, { leaseMs: ctx.settings.leaseMs, resume: (order: OrderRow) => settleOrder(ctx, order) });
