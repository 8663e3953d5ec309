import { z } from 'zod';
import type { PartnerView } from '#fulfilment';
import { readsDataOf } from '#kernel/audit.ts';
import type { Actor } from '#kernel/context.ts';
import { pageOf } from '#kernel/cursors.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { FulfilmentContext } from './context.ts';
import { type OrderRow, orderOfShipment } from './order.ts';
import { isSentTo } from './reach.ts';
import {
  findShipment,
  type Reader,
  type Shipment,
  type ShipmentInFull,
  type ShipmentInOrder,
  shipmentsPage,
  shipmentView,
  timelineOfShipment,
} from './shipment.ts';
import { shipmentMachine } from './shipment-state.ts';
import { addressFor, partnerViewOf } from './show-order.ts';

export const ShipmentsQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  state: shipmentMachine.State.optional().meta({ description: 'Only shipments in this state' }),
});

/** Who holds `orders:read` reads all; a key else what is sent to its partner, an account what is its own. */
function readerOf(actor: Actor): Reader {
  if (actor.permissions.has('orders:read')) return 'all';
  return actor.kind === 'key' ? { partner: actor.partner ?? '' } : { seller: actor.id };
}

const isPartner = (reader: Reader): boolean => reader !== 'all' && 'partner' in reader;

/** Shipments, newest first: what a seller sends, what a partner was sent, or all for staff. */
export function listShipments(ctx: FulfilmentContext, { state, ...page }: z.infer<typeof ShipmentsQuery>): Promise<Page<Shipment>> {
  const reader = readerOf(ctx.actor);
  if (reader === 'all') readsDataOf(ctx, null);
  return pageOf(ctx, `shipments:${ctx.actor.partner ?? ctx.actor.id}:${state ?? ''}`, page, {
    rows: (after, rows) =>
      ctx.db.many<ShipmentInOrder>(
        shipmentsPage({ reader, state, after: after ? { at: after[0] as string, id: after[1] as string } : null, rows }),
      ),
    position: ({ shipment }) => [shipment.created_at, shipment.id],
    item: (row) => shipmentView(row, !isPartner(reader)),
  });
}

/** One shipment with its timeline, and where it goes: for its seller, its buyer, its partners and staff. */
export async function readShipment(ctx: FulfilmentContext, id: string): Promise<z.infer<typeof ShipmentInFull>> {
  const reader = readerOf(ctx.actor);
  const row = await ctx.db.maybe<ShipmentInOrder>(findShipment(id, reader));
  if (!row) throw notFound();
  readsDataOf(ctx, row.buyer);
  return {
    ...shipmentView(row, !isPartner(reader)),
    timeline: timelineOfShipment(row, reader === 'all'),
    shippingAddress: await addressFor(ctx, row, [row.shipment]),
  };
}

/** What a partner is sent of a shipment; null where nothing of it is sent to that partner. */
export async function partnerView(
  ctx: FulfilmentContext,
  { shipmentId, partner }: { shipmentId: string; partner: string | null },
): Promise<PartnerView | null> {
  const order = await ctx.db.maybe<OrderRow>(orderOfShipment(shipmentId));
  const shipment = order?.shipments.find(({ id }) => id === shipmentId);
  if (!order || !shipment || (partner !== null && !isSentTo(partner, shipment))) return null;
  return partnerViewOf(order, shipment, await addressFor(ctx, order, [shipment]));
}
