import type { z } from 'zod';
import { PLATFORM_SELLER } from '#catalog';
import {
  moneyRefunded,
  returnAccepted,
  returnRefused,
  returnRequested,
  shipmentCancelled,
  shipmentDelivered,
  shipmentPacked,
  shipmentShipped,
} from '#fulfilment';
import { type Delivered, type EventKind, on } from '#kernel/events.ts';
import type { Values } from '#mail/fill.ts';
import type { MessageKind } from '#mail/texts.ts';
import type { Notifications } from './context.ts';
import { type Kind, textFor } from './kinds.ts';
import { type Caused, notifyAll } from './notify.ts';

type Told = z.infer<typeof shipmentPacked.payload>;

/** One call may move the shipments of several sellers: their buyer is told once. Events of one transaction have one time. */
const oncePerCall = ({ payload, at }: Delivered<Told>): string => `${payload.orderId}:${at.getTime()}`;

/** Tells the buyer or the seller of a shipment what happened to it; who caused it themselves is told all the same, as a receipt. */
const telling = <P extends z.ZodType<Told>>(
  event: EventKind<P>,
  notices: readonly {
    to: 'buyer' | 'seller';
    kind: Kind & MessageKind;
    values?: (payload: z.infer<P>) => Values;
    /** What makes two events one for their reader. Each event is one, unless this says otherwise. */
    key?: (event: Delivered<z.infer<P>>) => string;
    when?: (payload: z.infer<P>) => boolean;
  }[],
) =>
  on(
    event,
    (ctx: Notifications, events) =>
      notifyAll(
        ctx,
        events.flatMap((delivered) =>
          notices.flatMap(({ to, kind, values = () => ({}), key = ({ id }) => id, when = () => true }): Caused[] => {
            const payload: z.infer<P> = delivered.payload;
            const accountId = to === 'buyer' ? payload.buyer : payload.sellerId;
            if (accountId === PLATFORM_SELLER.id || !when(payload)) return [];
            const told = { order: payload.orderId, ...values(payload) };
            const text = textFor(kind, payload.channel);
            return [{ key: `${kind}:${key(delivered)}:${accountId}`, accountId, kind, text, values: told, cause: delivered.cause }];
          }),
        ),
      ),
    { isRepeatable: true }, // by the keys
  );

export const shipmentSubscriptions = [
  telling(shipmentPacked, [{ to: 'buyer', kind: 'order-packed', key: oncePerCall }]),
  telling(shipmentShipped, [
    {
      to: 'buyer',
      kind: 'order-shipped',
      key: oncePerCall,
      values: ({ carrierName, tracking, product = null }) => ({ carrier: carrierName, tracking, product }),
      when: ({ implied }) => implied !== true,
    },
  ]),
  telling(shipmentDelivered, [{ to: 'buyer', kind: 'order-delivered', key: oncePerCall }]),
  telling(shipmentCancelled, [
    { to: 'buyer', kind: 'order-cancelled', key: oncePerCall },
    { to: 'seller', kind: 'sale-cancelled' },
  ]),
  telling(returnRequested, [{ to: 'seller', kind: 'return-requested' }]),
  telling(returnAccepted, [{ to: 'buyer', kind: 'return-accepted' }]),
  telling(returnRefused, [{ to: 'buyer', kind: 'return-refused' }]),
  telling(moneyRefunded, [
    {
      to: 'buyer',
      kind: 'order-refunded',
      values: ({ amount, currency }) => ({ amount: { amount, currency } }),
      when: ({ amount }) => amount > 0,
    },
  ]),
];
