import { PLATFORM_SELLER } from '#catalog';
import { shipmentPlaced } from '#fulfilment';
import { minutes } from '#kernel/clock.ts';
import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { derivedId } from '#kernel/ids.ts';
import { leaseEnd } from '#kernel/lease.ts';
import { toldOf } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { finishOrder, follow } from './finish-order.ts';
import type { LineRow, OrderRow, ShipmentRow } from './order.ts';
import { commissionsOf } from './units.ts';

type Placed = NonNullable<Awaited<ReturnType<FulfilmentContext['orders']['placedOrder']>>>;

/** An order whose shipments are not written yet. */
export interface Opening {
  order: OrderRow;
  placedAt: Date;
}

/**
 * Makes the shipments of a placed order, one for each seller, once. The event of the order asks for it; a command that comes before does
 * the same by `writeOpening`.
 */
export async function openShipments(ctx: FulfilmentContext, { orderId }: { orderId: string }): Promise<void> {
  const opening = await openingOf(ctx, orderId);
  if (!opening) return;
  const leaseUntil = ctx.isTogether ? null : leaseEnd(ctx, ctx.settings.leaseMs);
  await ctx.together(async (ctx) => {
    if (!(await ctx.db.transaction((tx) => writeOpening(tx, opening, leaseUntil)))) return;
    if (leaseUntil) await finishOrder(ctx, { orderId });
    else await follow(ctx, { order: opening.order, refunds: [], since: 0 });
  });
}

/** How many orders one turn of the timer opens at most; the rest is for the next turn. */
const ORDERS_OF_A_TURN = 200;

/**
 * Opens the shipments that no event asked for: those of orders from before this module was there, and those whose job was given up. An
 * order that fails is logged, and stops none behind it.
 */
export async function openMissed(ctx: FulfilmentContext): Promise<void> {
  const placedBefore = new Date(ctx.clock.now().getTime() - minutes(1)).toISOString();
  const { orderIds } = await ctx.orders.withoutShipments({ placedBefore, limit: ORDERS_OF_A_TURN });
  for (const orderId of orderIds)
    await openShipments(ctx, { orderId }).catch((error) =>
      ctx.log.warn({ err: error, order: orderId }, 'the shipments of an order could not be opened; it is tried again'),
    );
}

/** What the shipments of an order are to be; undefined when there is no such order, or it is not placed. */
export async function openingOf(ctx: FulfilmentContext, orderId: string): Promise<Opening | undefined> {
  const placed = await ctx.orders.placedOrder({ orderId });
  return placed ? { order: orderOf(placed, ctx.settings), placedAt: new Date(placed.placedAt) } : undefined;
}

/** Writes the shipments and announces them. @returns false where they are there already. */
export async function writeOpening(tx: Transaction, { order, placedAt }: Opening, leaseUntil: Date | null): Promise<boolean> {
  if ((await tx.execute(orderInsert(order, leaseUntil, placedAt))) === 0) return false;
  for (const shipment of order.shipments) emit(tx, shipmentPlaced, order.order_id, toldOf(order, shipment));
  return true;
}

/** The order with a shipment for each seller. Lines of one variant are one line. */
function orderOf(placed: Placed, { warehouse, carrier }: FulfilmentContext['settings']): OrderRow {
  const sellers = [...new Set(placed.lines.map(({ sellerId }) => sellerId))];
  return {
    order_id: placed.orderId,
    buyer: placed.buyer,
    payment: placed.payment,
    currency: placed.currency,
    version: 1,
    finished_version: 0,
    shipments: sellers.map((sellerId): ShipmentRow => {
      const lines = linesOf(placed, sellerId);
      return {
        id: derivedId('shipment', placed.orderId, sellerId),
        order_id: placed.orderId,
        seller_id: sellerId,
        state: 'placed',
        warehouse,
        carrier,
        packed_by_kind: null,
        shipped_by_kind: null,
        carrier_name: null,
        tracking: null,
        amount: lines.reduce((sum, line) => sum + line.unit_price * line.quantity, 0),
        refunded: 0,
        cash_amount: null,
        cash_commission: null,
        delivered_version: null,
        delivered_at: null,
        complete_at: null,
        created_at: placed.placedAt,
        lines,
        steps: [],
      };
    }),
  };
}

function linesOf({ lines, shares }: Placed, sellerId: string): LineRow[] {
  const merged = new Map<string, LineRow>();
  for (const { productId, variantId, name, options, quantity, unitPrice } of lines.filter((line) => line.sellerId === sellerId)) {
    const known = merged.get(variantId);
    if (known) known.quantity += quantity;
    else
      merged.set(variantId, {
        product_id: productId,
        variant_id: variantId,
        name,
        options,
        quantity,
        unit_price: unitPrice,
        commission: 0,
        refunded: 0,
        returned: 0,
        requested: 0,
      });
  }
  const rows = [...merged.values()];
  const payee = sellerId === PLATFORM_SELLER.id ? 'platform' : sellerId;
  const parts = commissionsOf(shares.find((share) => share.payee === payee)?.commission ?? 0, rows);
  return rows.map((row, index) => ({ ...row, commission: parts[index] ?? 0 }));
}

/** All rows of an order in one statement; none where they are there already. */
const orderInsert = (order: OrderRow, leaseUntil: Date | null, placedAt: Date): Sql => {
  const lines = order.shipments.flatMap(({ id, lines }) => lines.map((line, index) => ({ shipment_id: id, line: index, ...line })));
  return sql`
    with opened as (
      insert into fulfilment.orders (order_id, buyer, payment, currency, version, finished_version, lease_until, created_at)
      values (${order.order_id}, ${order.buyer}, ${order.payment}, ${order.currency}, 1, ${leaseUntil ? 0 : 1}, ${leaseUntil}, ${placedAt})
      on conflict (order_id) do nothing returning order_id
    ), sent as (
      insert into fulfilment.shipments
      select s.* from opened, jsonb_populate_recordset(null::fulfilment.shipments, ${JSON.stringify(order.shipments)}::jsonb) as s
    ), lined as (
      insert into fulfilment.lines
      select l.* from opened, jsonb_populate_recordset(null::fulfilment.lines, ${JSON.stringify(lines)}::jsonb) as l
    )
    select from opened`;
};
