import { PLATFORM_SELLER } from '#catalog';
import { sql } from '#kernel/database.ts';
import { resumeStale } from '#kernel/lease.ts';
import { notFound } from '#kernel/problems.ts';
import type { Following, Order } from '#orders';
import { paymentKeyOf, type RefundRow, stepId } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { findOrder, markFinished, type OrderRow, putOff, type ShipmentRow, unfinishedOrders } from './order.ts';
import { isOpen } from './shipment-state.ts';

/** What is to follow: what happened to an order after the version `since`. */
export interface ToFollow {
  order: OrderRow;
  refunds: readonly RefundRow[];
  since: number;
}

/**
 * Does what follows from a change: money moves, the module of orders shows the order as it is now, and the stock comes back. Each part
 * carries a key or a version of its own and takes effect once, so it may be done again after a crash, and by two processes at once.
 * The stock is last, because its rows are those that many want.
 */
export async function follow(ctx: FulfilmentContext, { order, refunds, since }: ToFollow): Promise<Order> {
  for (const shipment of order.shipments) if ((shipment.delivered_version ?? 0) > since) await payOut(ctx, order, shipment);
  for (const refund of refunds) await payBack(ctx, order, refund);
  const shown = await ctx.orders.follow(followingOf(order, since, refunds));
  for (const { id, restock, lines, cause } of refunds)
    if (restock) await ctx.inventory.putBack({ key: id, of: order.order_id, lines, reason: REASONS[cause] });
  return shown;
}

/** What the module of orders is told of an order. */
export const followingOf = (order: OrderRow, since: number, refunds: readonly RefundRow[] = []): Following => ({
  orderId: order.order_id,
  version: order.version,
  shipments: order.shipments.map((shipment) => ({
    id: shipment.id,
    sellerId: shipment.seller_id,
    state: shipment.state,
    carrier: carrierOf(shipment),
    tracking: shipment.tracking,
    deliveredAt: shipment.delivered_at && new Date(shipment.delivered_at).toISOString(),
    refunded: shipment.refunded,
  })),
  refundedItems: order.shipments.flatMap(({ lines }) =>
    lines.filter(({ refunded }) => refunded > 0).map(({ variant_id, refunded }) => ({ variantId: variant_id, quantity: refunded })),
  ),
  steps: order.shipments.flatMap((shipment) => [
    ...shipment.steps
      .filter(({ version }) => version > since)
      .map(({ reached, at, by_kind, by_id, note }) => ({
        id: stepId(shipment.id, reached),
        shipmentId: shipment.id,
        state: reached,
        at: new Date(at).toISOString(),
        by: { kind: by_kind, id: by_id },
        ...(note === null ? {} : { note }),
      })),
    ...refunds
      .filter((refund) => refund.shipment_id === shipment.id && !hasEndedBy(shipment, refund))
      .map((refund) => partOf(shipment, refund)),
  ]),
});

const hasEndedBy = ({ steps }: ShipmentRow, refund: RefundRow): boolean =>
  steps.some(({ version, reached }) => version === refund.version && !isOpen(reached));

/** A refund of some units, as a step: the shipment stays in its state. */
const partOf = ({ id, steps }: ShipmentRow, refund: RefundRow): Following['steps'][number] => ({
  id: refund.id,
  shipmentId: id,
  state: steps.findLast(({ version }) => version <= refund.version)?.reached ?? 'placed',
  at: refund.at.toISOString(),
  by: { kind: refund.by_kind, id: refund.by_id },
  refund: { amount: refund.payment_key === null ? 0 : refund.amount, items: refund.lines },
});

const REASONS = { cancel: 'cancelled', return: 'returned', refund: 'refunded' } as const;

/** What the buyer knows the carrier by: the name that came with the parcel, else that of the partner. */
export const carrierOf = ({ carrier_name, carrier, shipped_by_kind }: ShipmentRow): string | null =>
  carrier_name ?? (shipped_by_kind === 'partner' ? carrier : null);

const payeeOf = ({ seller_id }: ShipmentRow): string => (seller_id === PLATFORM_SELLER.id ? 'platform' : seller_id);

/** A delivered shipment is owed to its seller; cash comes in by its delivery. */
async function payOut(ctx: FulfilmentContext, order: OrderRow, shipment: ShipmentRow): Promise<void> {
  const { cash_amount: amount, cash_commission: commission } = shipment;
  const [key, payee] = [shipment.id, payeeOf(shipment)];
  if (order.payment === 'wallet') await ctx.wallet.deliver({ key, paymentKey: paymentKeyOf(order, shipment), payee });
  else if (amount)
    await ctx.wallet.collectCash({
      key,
      payer: order.buyer,
      currency: order.currency,
      share: { payee, amount, commission: commission ?? 0 },
    });
}

async function payBack(ctx: FulfilmentContext, order: OrderRow, refund: RefundRow): Promise<void> {
  const shipment = order.shipments.find(({ id }) => id === refund.shipment_id);
  if (!shipment || !refund.payment_key || refund.amount === 0) return;
  const { id: key, payment_key: paymentKey, amount, commission } = refund;
  await ctx.wallet.refund({ key, paymentKey, payee: payeeOf(shipment), amount, commission });
}

/** Does all that has not followed yet, where each step commits by itself. */
export async function finishOrder(ctx: FulfilmentContext, { orderId }: { orderId: string }): Promise<Order> {
  const order = await findOrder(ctx.db, orderId);
  if (!order) throw new Error(`The order ${orderId} has no shipments.`);
  const since = order.finished_version;
  const refunds = await ctx.db.many<RefundRow>(sql`
    select id, order_id, shipment_id, cause, lines, amount, commission, payment_key, restock, reason, version, at, by_kind, by_id from fulfilment.refunds
    where order_id = ${orderId} and version > ${since} and version <= ${order.version} order by version, id`);
  const shown = await follow(ctx, { order, refunds, since });
  await ctx.db.execute(markFinished(orderId, order.version));
  return shown;
}

/** An order as it is now, with all that follows from it: what a crash left behind is done first. @throws notFound */
export async function finished(ctx: FulfilmentContext, orderId: string): Promise<{ order: OrderRow; shown: Order | null }> {
  const order = await findOrder(ctx.db, orderId);
  if (!order) throw notFound();
  return { order, shown: order.finished_version < order.version ? await finishOrder(ctx, { orderId }) : null };
}

/** Finishes what crashes, or services that did not answer, left behind. What fails is tried again, later each time. */
export const finishOrders = (ctx: FulfilmentContext): Promise<void> =>
  resumeStale(ctx, unfinishedOrders, {
    leaseMs: ctx.settings.leaseMs,
    resume: ({ order_id: orderId }: { order_id: string }) =>
      finishOrder(ctx, { orderId }).catch(async (error) => {
        await ctx.db.execute(putOff(orderId, ctx.clock.now(), ctx.settings.leaseMs));
        throw error;
      }),
  });
