import { z } from 'zod';
import { Options } from '#catalog';
import type { PartnerView } from '#fulfilment';
import { readsDataOf } from '#kernel/audit.ts';
import { Money } from '#kernel/money.ts';
import { notFound } from '#kernel/problems.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { Order, ShippingAddress, stateOfShipments } from '#orders';
import type { FulfilmentContext } from './context.ts';
import { carrierOf } from './finish-order.ts';
import type { By, OrderRow, ShipmentRow } from './order.ts';
import { type Driver, isSentTo } from './reach.ts';
import { isOpen, shipmentMachine } from './shipment-state.ts';
import { restOf, sumOf } from './units.ts';

const Moment = z.object({
  state: shipmentMachine.State,
  at: Time,
  by: z.object({ kind: z.enum(['buyer', 'seller', 'partner', 'staff', 'system']), id: z.string().nullable().optional() }),
  shipmentId: Id.nullable(),
});

/** An order as its driver may see it: a partner and a seller see their own shipments of it, and only staff all. */
export const DrivenOrder = z
  .object({
    id: Id,
    state: shipmentMachine.State.meta({ example: 'packed', description: 'Of what is shown: the state of the shipment that is least far' }),
    items: z.array(
      z.object({
        productId: Id,
        variantId: Id,
        name: z.string(),
        options: Options,
        quantity: z.int(),
        refundedQuantity: z.int(),
        unitPrice: Money.optional().meta({ description: 'Not for partners' }),
        total: Money.optional(),
      }),
    ),
    shipments: z.array(
      z.object({
        id: Id,
        seller: z.object({ id: Id, username: z.string().optional() }),
        state: shipmentMachine.State.meta({ example: 'packed' }),
        carrier: z.string().nullable(),
        tracking: z.string().nullable(),
        deliveredAt: Time.nullable(),
      }),
    ),
    timeline: z.array(Moment),
    shippingAddress: ShippingAddress.nullable().meta({ description: 'While something is on its way' }),
    cashToCollect: Money.nullable().meta({ description: 'What the courier collects; null where the order is paid' }),
    buyer: Order.shape.buyer.optional().meta({ description: 'For staff' }),
    total: Money.optional().meta({ description: 'For staff' }),
    payment: Order.shape.payment.optional().meta({ description: 'For staff' }),
    createdAt: Time,
  })
  .meta({ id: 'DrivenOrder' });
export type DrivenOrder = z.infer<typeof DrivenOrder>;

/** What a driver sees of an order. `shown` is what the module of orders has just answered. @throws notFound where nothing of it is theirs. */
export async function drivenOrder(ctx: FulfilmentContext, order: OrderRow, driver: Driver, shown: Order | null): Promise<DrivenOrder> {
  const isStaff = driver.kind === 'staff';
  const mine = order.shipments.filter((shipment) => isStaff || isDrivenBy(driver, shipment));
  if (mine.length === 0) throw notFound();
  const [address, whole] = await Promise.all([
    addressFor(ctx, order, mine),
    isStaff ? (shown ?? ctx.orders.view({ orderId: order.order_id })) : null,
  ]);
  if (address) readsDataOf(ctx, order.buyer);
  return {
    id: order.order_id,
    state: stateOfShipments(mine.map(({ state }) => state)),
    items: mine.flatMap((shipment) => itemsOf(order, shipment, driver.kind !== 'partner')),
    shipments: mine.map(partOf),
    timeline: timelineOf(mine, isStaff),
    shippingAddress: address,
    cashToCollect: cashOf(order, mine),
    ...(whole ? { buyer: whole.buyer, total: whole.total, payment: whole.payment } : {}),
    createdAt: timeOf(mine[0]!.created_at),
  };
}

const isDrivenBy = (driver: Driver, shipment: ShipmentRow): boolean =>
  driver.kind === 'seller' ? shipment.seller_id === driver.id : driver.id !== null && isSentTo(driver.id, shipment);

export const timeOf = (text: string): string => new Date(text).toISOString();

export const partOf = (shipment: ShipmentRow) => ({
  id: shipment.id,
  seller: { id: shipment.seller_id },
  state: shipment.state,
  carrier: carrierOf(shipment),
  tracking: shipment.tracking,
  deliveredAt: shipment.delivered_at && timeOf(shipment.delivered_at),
});

export function itemsOf({ currency }: Pick<OrderRow, 'currency'>, { lines }: ShipmentRow, withPrices: boolean) {
  const money = (amount: number) => ({ amount, currency });
  return lines.map((line) => ({
    productId: line.product_id,
    variantId: line.variant_id,
    name: line.name,
    options: line.options,
    quantity: line.quantity,
    refundedQuantity: line.refunded,
    ...(withPrices ? { unitPrice: money(line.unit_price), total: money(line.unit_price * line.quantity) } : {}),
  }));
}

/** Every step of these shipments in order of time. Who of the staff it was, only staff learn. */
export function timelineOf(shipments: readonly ShipmentRow[], withIds: boolean) {
  const moments = shipments.flatMap((shipment) => {
    const at = (state: ShipmentRow['state'], time: string, by: By) => ({
      state,
      at: timeOf(time),
      by: by.id !== null && (withIds || by.kind === 'partner') ? by : { kind: by.kind },
      shipmentId: shipment.id,
    });
    return [
      at('placed', shipment.created_at, { kind: 'buyer', id: null }),
      ...shipment.steps.map(({ reached, at: time, by_kind, by_id }) => at(reached, time, { kind: by_kind, id: by_id })),
    ];
  });
  return moments.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)); // stable: steps of one moment stay as they were taken
}

/** Where it goes, while something is on its way or has just arrived. */
export const addressFor = async (ctx: FulfilmentContext, { order_id }: Pick<OrderRow, 'order_id'>, shipments: readonly ShipmentRow[]) =>
  shipments.some(({ state }) => isOpen(state) && state !== 'completed') ? ctx.orders.deliveryAddress({ orderId: order_id }) : null;

/** What is to be paid at the door for these shipments; null where the order is paid. */
export function cashOf({ payment, currency }: Pick<OrderRow, 'payment' | 'currency'>, shipments: readonly ShipmentRow[]): Money | null {
  if (payment !== 'cash_on_delivery') return null;
  const due = shipments.filter(({ state }) => ['placed', 'packed', 'shipped'].includes(state)).flatMap(({ lines }) => lines.map(restOf));
  return { amount: sumOf(due).amount, currency };
}

/** What a partner is sent of a shipment. */
export const partnerViewOf = (order: OrderRow, shipment: ShipmentRow, shippingAddress: PartnerView['shippingAddress']): PartnerView => ({
  shipmentId: shipment.id,
  orderId: order.order_id,
  state: shipment.state,
  sellerId: shipment.seller_id,
  items: shipment.lines
    .filter(({ quantity, refunded }) => refunded < quantity || shipment.state === 'cancelled')
    .map((line) => ({
      productId: line.product_id,
      variantId: line.variant_id,
      name: line.name,
      options: line.options,
      quantity: shipment.state === 'cancelled' ? line.quantity : line.quantity - line.refunded,
    })),
  shippingAddress,
  carrier: carrierOf(shipment),
  tracking: shipment.tracking,
  cashToCollect: cashOf(order, [shipment]),
});

/** Who gives a command that its owner, or staff, may give. */
export const staffOr = (ctx: FulfilmentContext, owner: string | null, kind: 'buyer' | 'seller'): By =>
  owner === null ? { kind: 'staff', id: ctx.actor.id } : { kind, id: owner };

/** @throws notFound when the order is somebody else's; `owner` null is staff. */
export function refuseOtherBuyer({ buyer }: OrderRow, owner: string | null): void {
  if (owner !== null && buyer !== owner) throw notFound();
}

/** The order as its module shows it. */
export async function orderShown(ctx: FulfilmentContext, orderId: string, shown: Order | null): Promise<Order> {
  const order = shown ?? (await ctx.orders.view({ orderId }));
  if (!order) throw notFound();
  return order;
}
