import { PLATFORM_SELLER } from '#catalog';
import { shipmentPlaced } from '#fulfilment';
import type { Cause } from '#kernel/cause.ts';
import { minutes } from '#kernel/clock.ts';
import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { type Asked, emit } from '#kernel/events.ts';
import { derivedId } from '#kernel/ids.ts';
import { leaseEnd } from '#kernel/lease.ts';
import { toldOf } from './change.ts';
import type { FulfilmentContext } from './context.ts';
import { finishOrder, follow, followingOf } from './finish-order.ts';
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

/**
 * The same for several orders. If all modules run in this process, it is one transaction for all of them; otherwise each is made by itself.
 */
export async function openAll(ctx: FulfilmentContext, jobs: readonly Asked<{ orderId: string }>[]): Promise<void> {
  if (!ctx.isTogether) {
    for (const { input } of jobs) await openShipments(ctx, input);
    return;
  }
  const causes = new Map(jobs.map(({ input, cause }) => [input.orderId, cause]));
  const openings = (await ctx.orders.placedOrders({ orderIds: [...causes.keys()] })).map((placed) => openingFor(ctx, placed));
  if (openings.length === 0) return;
  await ctx.together((ctx) =>
    ctx.db.transaction(async (tx) => {
      const written = await writeOpenings(tx, openings, null, causes);
      if (written.length > 0) await ctx.orders.followAll({ orders: written.map(({ order }) => followingOf(order, 0)) });
    }),
  );
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
  return placed ? openingFor(ctx, placed) : undefined;
}

const openingFor = ({ settings }: FulfilmentContext, placed: Placed): Opening => ({
  order: orderOf(placed, settings),
  placedAt: new Date(placed.placedAt),
});

/** Writes the shipments and announces them. @returns false where they are there already. */
export const writeOpening = async (tx: Transaction, opening: Opening, leaseUntil: Date | null): Promise<boolean> =>
  (await writeOpenings(tx, [opening], leaseUntil)).length > 0;

/** @returns those whose shipments were not there. */
async function writeOpenings(
  tx: Transaction,
  openings: readonly Opening[],
  leaseUntil: Date | null,
  causes?: ReadonlyMap<string, Cause | null>,
): Promise<Opening[]> {
  const opened = new Set((await tx.many<{ order_id: string }>(ordersInsert(openings, leaseUntil))).map((row) => row.order_id));
  const written = openings.filter(({ order }) => opened.has(order.order_id));
  for (const { order } of written)
    for (const shipment of order.shipments)
      emit(tx, shipmentPlaced, order.order_id, toldOf(order, shipment), { cause: causes?.get(order.order_id) ?? null });
  return written;
}

/** The order with a shipment for each seller. Lines of one variant are one line. */
function orderOf(placed: Placed, { warehouse, carrier }: FulfilmentContext['settings']): OrderRow {
  const sellers = [...new Set(placed.lines.map(({ sellerId }) => sellerId))];
  return {
    order_id: placed.orderId,
    buyer: placed.buyer,
    payment: placed.payment,
    channel: placed.channel ?? null,
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

/** All rows of several orders in one statement; none of an order that is there already. Written in one order, so that no two writers wait for each other. */
const ordersInsert = (openings: readonly Opening[], leaseUntil: Date | null): Sql => {
  const finished = leaseUntil ? 0 : 1;
  const rows = openings.map(({ order: { shipments: _, ...order }, placedAt }) => ({
    ...order,
    ...{ finished_version: finished, lease_until: leaseUntil, created_at: placedAt },
  }));
  const shipments = openings.flatMap(({ order }) => order.shipments);
  const lines = shipments.flatMap(({ id, lines }) => lines.map((line, index) => ({ shipment_id: id, line: index, ...line })));
  return sql`
    with opened as (
      insert into fulfilment.orders (order_id, buyer, payment, channel, currency, version, finished_version, lease_until, created_at)
      select order_id, buyer, payment, channel, currency, version, finished_version, lease_until, created_at
      from jsonb_populate_recordset(null::fulfilment.orders, ${JSON.stringify(rows)}::jsonb)
      order by order_id on conflict (order_id) do nothing returning order_id
    ), sent as (
      insert into fulfilment.shipments
      select s.* from opened join jsonb_populate_recordset(null::fulfilment.shipments, ${JSON.stringify(shipments)}::jsonb) as s using (order_id)
      returning id
    ), lined as (
      insert into fulfilment.lines
      select l.* from sent join jsonb_populate_recordset(null::fulfilment.lines, ${JSON.stringify(lines)}::jsonb) as l on l.shipment_id = sent.id
    )
    select order_id from opened`;
};
