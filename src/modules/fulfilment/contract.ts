import { z } from 'zod';
import { Options } from '#catalog';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { wrongStateOf } from '#kernel/machine.ts';
import { Currency, Money } from '#kernel/money.ts';
import { notFound } from '#kernel/problems.ts';
import { Id } from '#kernel/shapes.ts';
import { ShippingAddress } from '#orders';

export const wrongState = wrongStateOf('fulfilment', 'shipment', 'refunded');

/** What every event of a shipment says. Its subject is the order, so the events of one order stay in their order. */
const Told = z.object({
  shipmentId: Id,
  orderId: Id,
  buyer: Id,
  sellerId: Id,
  /** Names of partners, folded as `partner` of an API key is; null where there is none (yet). */
  warehouse: z.string().nullable(),
  carrier: z.string().nullable(),
  /** Where the order was placed, if not by the shop's own API. */
  channel: z.string().optional(),
});

export const shipmentPlaced = event('fulfilment.shipment-placed', 1, Told);
export const shipmentPacked = event('fulfilment.shipment-packed', 1, Told);
export const shipmentShipped = event(
  'fulfilment.shipment-shipped',
  1,
  Told.extend({
    tracking: z.string().nullable(),
    carrierName: z.string().nullable(),
    /** It was delivered at once: nobody has said that it is on its way. */
    implied: z.boolean().optional(),
    /** What the first of its products is called. */
    product: z.string().optional(),
  }),
);
export const shipmentDelivered = event('fulfilment.shipment-delivered', 1, Told);
export const shipmentCompleted = event('fulfilment.shipment-completed', 1, Told);
export const shipmentCancelled = event('fulfilment.shipment-cancelled', 1, Told);
/** Units were refunded while it is on its way: fewer are to be sent, and less cash is to be collected. */
export const shipmentChanged = event('fulfilment.shipment-changed', 1, Told);
/** All of the shipment came back. */
export const shipmentReturned = event('fulfilment.shipment-returned', 1, Told);
/** All of the shipment was refunded. */
export const shipmentRefunded = event('fulfilment.shipment-refunded', 1, Told);

export const returnRequested = event('fulfilment.return-requested', 1, Told.extend({ returnId: Id }));
export const returnAccepted = event('fulfilment.return-accepted', 1, Told.extend({ returnId: Id }));
export const returnRefused = event('fulfilment.return-refused', 1, Told.extend({ returnId: Id }));

/** Money goes back to the buyer: `amount` in minor units. */
export const moneyRefunded = event(
  'fulfilment.money-refunded',
  1,
  Told.extend({
    refundId: Id,
    amount: z.int(),
    currency: Currency,
    lines: z.array(z.object({ productId: Id, variantId: Id, quantity: z.int() })),
  }),
);

/** A shipment as a partner may know it: no prices but the cash to collect, and nothing of other sellers. */
export const PartnerView = z.object({
  shipmentId: Id,
  orderId: Id,
  state: z.string(),
  sellerId: Id,
  items: z.array(
    z.object({
      productId: Id,
      variantId: Id,
      name: z.string(),
      options: Options,
      quantity: z.int().meta({ description: 'Units that are to be sent: without those that were refunded' }),
    }),
  ),
  /** Null once nobody needs it for the way any more. */
  shippingAddress: ShippingAddress.nullable(),
  carrier: z.string().nullable(),
  tracking: z.string().nullable(),
  cashToCollect: Money.nullable(),
});
export type PartnerView = z.infer<typeof PartnerView>;

export const fulfilment = contract('fulfilment', {
  operations: {
    /**
     * Brings the shipments of an order that the caller may drive to this state, as `POST /orders/{id}/packed` and the others do; the system
     * may drive all. A repeated call changes nothing.
     */
    drive: operation({
      input: z.object({ orderId: Id, command: z.enum(['pack', 'ship', 'deliver']) }),
      output: z.object({}),
      problems: [notFound, wrongState],
    }),
    /** What a partner sees of a shipment; null where it sees nothing of it. `partner` null asks as the system: all of it. */
    partnerView: operation({ input: z.object({ shipmentId: Id, partner: z.string().nullable() }), output: PartnerView.nullable() }),
  },
  events: {
    shipmentPlaced,
    shipmentPacked,
    shipmentShipped,
    shipmentDelivered,
    shipmentCompleted,
    shipmentCancelled,
    shipmentChanged,
    shipmentReturned,
    shipmentRefunded,
    returnRequested,
    returnAccepted,
    returnRefused,
    moneyRefunded,
  },
});
