import { z } from 'zod';
import { join, raw, type Sql, sql } from '#kernel/database.ts';
import { Money } from '#kernel/money.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { ShippingAddress } from '#orders';
import { type OrderRow, SHIPMENT, type ShipmentRow } from './order.ts';
import { type ShipmentState, shipmentMachine } from './shipment-state.ts';
import { cashOf, DrivenOrder, itemsOf, partOf, timelineOf, timeOf } from './show-order.ts';

/** What is on its way from one seller to one buyer. */
export const Shipment = z
  .object({
    id: Id,
    orderId: Id,
    seller: z.object({ id: Id }),
    state: shipmentMachine.State.meta({ example: 'shipped' }),
    carrier: z.string().nullable(),
    tracking: z.string().nullable(),
    items: DrivenOrder.shape.items,
    cashToCollect: Money.nullable().meta({ description: 'What the courier collects; null where the order is paid' }),
    placedAt: Time,
    deliveredAt: Time.nullable(),
  })
  .meta({ id: 'Shipment' });
export type Shipment = z.infer<typeof Shipment>;

/** One shipment, with its way and where it goes. */
export const ShipmentInFull = Shipment.extend({
  timeline: DrivenOrder.shape.timeline,
  shippingAddress: ShippingAddress.nullable().meta({ description: 'While it is on its way' }),
}).meta({ id: 'ShipmentInFull' });

export interface ShipmentInOrder extends Omit<OrderRow, 'shipments' | 'version' | 'finished_version'> {
  shipment: ShipmentRow;
}

export const shipmentView = (row: ShipmentInOrder, withPrices: boolean): Shipment => {
  const { shipment } = row;
  return {
    ...partOf(shipment),
    orderId: row.order_id,
    items: itemsOf(row, shipment, withPrices),
    cashToCollect: cashOf(row, [shipment]),
    placedAt: timeOf(shipment.created_at),
  };
};

export const timelineOfShipment = ({ shipment }: ShipmentInOrder, withIds: boolean) => timelineOf([shipment], withIds);

/** Whose shipments: of a seller (or, one alone, of its buyer), of a partner, or all. */
export type Reader = { seller: string } | { partner: string } | 'all';

const COLUMNS = sql`o.order_id, o.buyer, o.payment, o.currency, ${SHIPMENT} as shipment`;

export const findShipment = (id: string, reader: Reader): Sql => sql`
  select ${COLUMNS} from fulfilment.shipments as s join fulfilment.orders as o on o.order_id = s.order_id
  where s.id = ${id} and ${readableBy(reader)}`;

const readableBy = (reader: Reader): Sql => {
  if (reader === 'all') return sql`true`;
  if ('seller' in reader) return sql`(s.seller_id = ${reader.seller} or o.buyer = ${reader.seller})`;
  return sql`(s.warehouse = ${reader.partner} or (s.carrier = ${reader.partner} and s.state <> 'placed'))`;
};

interface Page {
  reader: Reader;
  state: ShipmentState | undefined;
  after: { at: string; id: string } | null;
  rows: number;
}

/** A page of shipments, newest first. The page is found by an index for each way to be sent to somebody; then its rows are read. */
export function shipmentsPage({ reader, state, after, rows }: Page): Sql {
  const more = [
    ...(state ? [raw(`state = '${state}'`)] : []), // a literal, so that a generic plan may use the partial indexes
    ...(after ? [sql`(created_at, id) < (${after.at}::timestamptz, ${after.id}::uuid)`] : []),
  ];
  const found = (...conditions: Sql[]) =>
    sql`(select id, created_at from fulfilment.shipments where ${join([...conditions, ...more, sql`true`], ' and ')}
         order by created_at desc, id desc limit ${rows})`;
  const ways =
    reader === 'all'
      ? [found()]
      : 'seller' in reader
        ? [found(sql`seller_id = ${reader.seller}`)]
        : [found(sql`warehouse = ${reader.partner}`), found(sql`carrier = ${reader.partner}`, sql`state <> 'placed'`)];
  return sql`
    with page as (select id, created_at from (${join(ways, ' union ')}) as found order by created_at desc, id desc limit ${rows})
    select ${COLUMNS} from page join fulfilment.shipments as s on s.id = page.id join fulfilment.orders as o on o.order_id = s.order_id
    order by s.created_at desc, s.id desc`;
}
