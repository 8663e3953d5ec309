import type { Transaction } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { resumeStale } from '#kernel/lease.ts';
import { Problem } from '#kernel/problems.ts';
import { orderPlaced, orderRejected, partyLeft } from '#orders';
import { hasClosedParty, haveLeft } from './closed-account.ts';
import type { Orders } from './context.ts';
import { compensateOrderJob } from './jobs.ts';
import {
  type Draft,
  draftedRow,
  findOrder,
  insertOrder,
  markPlaced,
  markRejected,
  type OrderKey,
  type OrderRow,
  partiesOf,
  sendPlaced,
  undecidedOrders,
} from './order.ts';

/** Another process decided this order meanwhile. What was done here is rolled back, and the decided order is read. */
class DecidedElsewhere extends Error {}

/** The order could not be written: its key has one already, or an account is being closed. What was done for it is rolled back. */
class NotWritten extends Error {}

/**
 * Places an order if all modules run in this process: the order, its money and its stock are one transaction, so a crash leaves
 * nothing behind, and only a refusal is written by itself. All of it, with the commit, leaves in one write: no statement waits for another's
 * answer, and one that fails makes those behind it fail. @returns undefined when an order with this key is there already.
 */
export async function placeAtOnce(ctx: Orders, draft: Draft, key: OrderKey | undefined): Promise<OrderRow | undefined> {
  const order = draftedRow(draft, { state: 'placed' });
  try {
    await ctx.together(async (ctx) => {
      await ctx.db.transaction(async (tx) => writePlaced(tx, draft, key));
      await pay(ctx, order, true);
      await take(ctx, order, true);
      await ctx.db.transaction(async (tx) => tellPlaced(tx, order));
    });
    return order;
  } catch (error) {
    if (error instanceof NotWritten)
      return (await haveLeft(ctx.db, partiesOf(draft))) ? writeRejected(ctx, draft, key, partyLeft()) : undefined;
    if (!(error instanceof Problem) || error.status >= 500) throw error; // the outcome is not known: a repeated call finds it by the key
    return writeRejected(ctx, draft, key, error);
  }
}

/** Whether a call is the same as one shortly before is known only from an answer; a key says it by failing. */
async function writePlaced(tx: Transaction, draft: Draft, key: OrderKey | undefined): Promise<void> {
  if (key?.withinMs === undefined) sendPlaced(tx, draft, key, () => new NotWritten());
  else if (!(await insertOrder(tx, draft, key, { state: 'placed' }))) throw new NotWritten();
}

/** Nothing has to go back: what the order had taken was undone. @returns undefined when an order with this key is there already. */
function writeRejected(ctx: Orders, draft: Draft, key: OrderKey | undefined, problem: Problem): Promise<OrderRow | undefined> {
  const decision = { state: 'rejected' as const, refusal: { code: problem.code, extra: { ...problem.extra } } };
  const written = ctx.db.transaction(async (tx) => {
    if (!(await insertOrder(tx, draft, key, decision))) throw new NotWritten();
    if (ctx.request) ctx.request.refusedWith = problem.status;
    emit(tx, orderRejected, draft.id, { orderId: draft.id, buyer: draft.buyer, code: problem.code });
    return draftedRow(draft, decision);
  });
  return written.catch((error) => {
    if (error instanceof NotWritten) return undefined;
    throw error;
  });
}

/**
 * Brings an order from `placing` to `placed` or `rejected`. Safe to run twice, even at once: every step carries the order's
 * id as its key. The stock comes last, so that the row that many buyers want is locked for the shortest time.
 */
export async function resolveOrder(ctx: Orders, order: OrderRow): Promise<OrderRow> {
  try {
    return await ctx.together(async (ctx) => {
      await pay(ctx, order);
      await take(ctx, order);
      return announcePlaced(ctx, order);
    });
  } catch (error) {
    if (error instanceof DecidedElsewhere) return (await findOrder(ctx.db, order.id, null)) as OrderRow;
    if (!(error instanceof Problem) || error.status >= 500) throw error; // how it ended is not known: the timer asks again
    return reject(ctx, order, error);
  }
}

async function pay(ctx: Orders, { id, ...order }: OrderRow, isNew = false): Promise<void> {
  if (order.payment !== 'wallet' || order.total === 0) return;
  await ctx.wallet.pay({ key: id, isNew, payer: order.buyer, currency: order.currency, shares: order.shares as never });
}

const take = (ctx: Orders, { id, lines }: OrderRow, isNew = false) =>
  ctx.inventory.take({ key: id, isNew, lines: lines.map((line) => ({ variantId: line.variant_id, quantity: line.quantity })) });

async function announcePlaced(ctx: Orders, order: OrderRow): Promise<OrderRow> {
  const at = ctx.clock.now();
  await ctx.db.transaction(async (tx) => {
    if (!(await markPlaced(tx, order.id, at))) throw (await hasClosedParty(tx, order.id)) ? partyLeft() : new DecidedElsewhere();
    tellPlaced(tx, order);
  });
  return { ...order, state: 'placed', decided_at: at };
}

const tellPlaced = (tx: Transaction, order: OrderRow): void =>
  emit(tx, orderPlaced, order.id, {
    orderId: order.id,
    buyer: order.buyer,
    payment: order.payment,
    ...(order.channel === null ? {} : { channel: order.channel }),
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

/** The refusal, its event, and the job that returns what may have been taken: one transaction. */
async function reject(ctx: Orders, order: OrderRow, problem: Problem): Promise<OrderRow> {
  const at = ctx.clock.now();
  const refusal = { code: problem.code, extra: { ...problem.extra } };
  if (ctx.request) ctx.request.refusedWith = problem.status;
  const rejected = await ctx.db.transaction(async (tx) => {
    if (!(await markRejected(tx, order.id, refusal, at))) return false;
    emit(tx, orderRejected, order.id, { orderId: order.id, buyer: order.buyer, code: problem.code });
    enqueue(tx, compensateOrderJob, { orderId: order.id });
    return true;
  });
  return rejected ? { ...order, state: 'rejected', refusal, decided_at: at } : ((await findOrder(ctx.db, order.id, null)) as OrderRow);
}

/** Finishes what crashes left behind. */
export const resumeOrders = (ctx: Orders): Promise<void> =>
  resumeStale(ctx, undecidedOrders, { leaseMs: ctx.settings.leaseMs, resume: (order: OrderRow) => resolveOrder(ctx, order) });
