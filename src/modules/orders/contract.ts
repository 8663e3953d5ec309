import { z } from 'zod';
import { Options, unknownProduct } from '#catalog';
import { outOfStock } from '#inventory';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Currency, Money } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import { Id, line, Time } from '#kernel/shapes.ts';

export const paymentKinds = ['wallet', 'cash_on_delivery'] as const;
export type PaymentKind = (typeof paymentKinds)[number];

/** States of a shipment. An order has the same, beside `placing` and `rejected`, and they follow from those of its shipments. */
export const shipmentStates = ['placed', 'packed', 'shipped', 'delivered', 'completed', 'cancelled', 'returned', 'refunded'] as const;
export type ShipmentState = (typeof shipmentStates)[number];
export type FollowingState = ShipmentState;

const OPEN = ['placed', 'packed', 'shipped', 'delivered', 'completed'] as const;

/**
 * The state of several shipments together, such as those of an order. Shipments that are cancelled, returned or refunded are closed. While
 * one is open, the least advanced open one decides. When all are closed: refunded if one is, else returned if one is, else cancelled.
 */
export const stateOfShipments = (shipments: readonly ShipmentState[]): FollowingState =>
  [...OPEN, 'refunded' as const, 'returned' as const].find((state) => shipments.includes(state)) ?? 'cancelled';

export const orderStates = ['placing', 'rejected', ...shipmentStates] as const;
const OrderState = z.enum(orderStates).meta({ example: 'placed' });
const ShipmentState = z.enum(shipmentStates).meta({ example: 'shipped' });

/** Who does a step on the way of an order. */
export const stepKinds = ['buyer', 'seller', 'partner', 'staff', 'system'] as const;
const StepKind = z.enum(stepKinds).meta({ example: 'partner' });

/** The order as clients see it. `username` of a seller is absent when the account is erased. */
export const Order = z
  .object({
    id: Id,
    state: OrderState,
    buyer: z.object({ id: Id, username: z.string() }),
    items: z.array(
      z.object({
        productId: Id,
        variantId: Id,
        name: z.string(),
        options: Options,
        quantity: z.int(),
        unitPrice: Money,
        total: Money,
        refundedQuantity: z.int().meta({ description: 'Units whose money went back', example: 0 }),
      }),
    ),
    total: Money,
    payment: z.enum(paymentKinds),
    shipments: z
      .array(
        z.object({
          id: Id,
          seller: z.object({ id: Id, username: z.string().optional() }),
          state: ShipmentState,
          carrier: z.string().nullable(),
          tracking: z.string().nullable(),
          deliveredAt: Time.nullable(),
          refunded: Money,
        }),
      )
      .meta({ description: 'One for each seller; empty for the first moment' }),
    timeline: z.array(
      z.object({
        state: OrderState,
        at: Time,
        by: z.object({ kind: StepKind, id: z.string().optional().meta({ description: 'Who it was; shown to staff' }) }),
        shipmentId: Id.nullable().meta({ description: 'The shipment that took the step; null where the whole order did' }),
        refund: z
          .object({ amount: Money, items: z.array(z.object({ variantId: Id, quantity: z.int() })) })
          .optional()
          .meta({ description: 'Some units were refunded, and the shipment stays in its state. Without money: it had not been paid yet' }),
      }),
    ),
    rejection: z
      .object({
        code: z.string().meta({ example: 'inventory/out-of-stock' }),
        variantIds: z.array(Id).optional().meta({ description: 'The variants of which there were not enough units' }),
      })
      .optional()
      .meta({ description: 'Why a rejected order was rejected; [problems](/docs/problems) explains the code' }),
    createdAt: Time,
  })
  .meta({ id: 'Order' });
export type Order = z.infer<typeof Order>;

export const ShippingAddress = z
  .strictObject({
    name: line(120).optional(),
    street: line(200),
    city: line(100),
    postalCode: line(20).optional(),
    country: z
      .string()
      .regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 code')
      .meta({ example: 'TN' }),
    phone: z
      .string()
      .regex(/^\+[1-9]\d{6,14}$/, 'must be an E.164 number')
      .optional(),
  })
  .meta({ id: 'ShippingAddress' });
export type ShippingAddress = z.infer<typeof ShippingAddress>;

/** A share of what was paid: `payee` is a seller, or `platform`. Amounts in minor units. */
const Share = z.object({ payee: z.string(), amount: z.int(), commission: z.int() });

const PlacedOrder = z.object({
  orderId: Id,
  buyer: Id,
  payment: z.enum(paymentKinds),
  currency: Currency,
  total: z.int(),
  placedAt: Time,
  channel: z.string().nullish(),
  shares: z.array(Share),
  lines: z.array(
    z.object({ productId: Id, variantId: Id, sellerId: Id, name: z.string(), options: Options, quantity: z.int(), unitPrice: z.int() }),
  ),
});
export type PlacedOrder = z.infer<typeof PlacedOrder>;

/** What the module of the shipments tells: all shipments as they are at that version, and the steps that led to it. */
export const Following = z.object({
  orderId: Id,
  /** Grows with every change of the order's shipments. */
  version: z.int().positive(),
  shipments: z
    .array(
      z.object({
        id: Id,
        sellerId: Id,
        state: ShipmentState,
        carrier: z.string().nullable(),
        tracking: z.string().nullable(),
        deliveredAt: Time.nullable(),
        /** Minor units that went back to the buyer. */
        refunded: z.int().min(0),
      }),
    )
    .min(1)
    .max(100),
  refundedItems: z.array(z.object({ variantId: Id, quantity: z.int().positive() })).max(100),
  /** A step to `placed` is the order's own, and is not shown again. */
  steps: z
    .array(
      z.object({
        id: Id,
        shipmentId: Id.nullable(),
        state: ShipmentState,
        at: Time,
        by: z.object({ kind: StepKind, id: z.string().max(100).nullable() }),
        note: z.string().max(1000).optional(),
        /** Units that were refunded, while the shipment stays in that state. `amount` in minor units, of what was paid. */
        refund: z
          .object({ amount: z.int().min(0), items: z.array(z.object({ variantId: Id, quantity: z.int().positive() })).max(100) })
          .optional(),
      }),
    )
    .max(1000),
});
export type Following = z.infer<typeof Following>;

/** What was bought, for those who count and recommend. Ids and figures only. */
export const orderPlaced = event(
  'orders.order-placed',
  1,
  z.object({
    orderId: Id,
    buyer: Id,
    payment: z.enum(paymentKinds),
    /** Where it was placed, if not by the shop's own API. */
    channel: z.string().optional(),
    currency: Currency,
    total: z.int(),
    lines: z.array(z.object({ productId: Id, variantId: Id, sellerId: Id, quantity: z.int(), total: z.int() })),
  }),
);

export const orderRejected = event('orders.order-rejected', 1, z.object({ orderId: Id, buyer: Id, code: z.string() }));

export const totalTooLarge = problem({
  code: 'orders/total-too-large',
  status: 409,
  title: 'The total is too large',
  members: { currency: z.string(), largest: z.int() },
  detail: ({ currency, largest }) => `The total of an order is at most ${largest} ${currency} (minor units). Order fewer.`,
});

export const partyLeft = problem({
  code: 'orders/party-left',
  status: 409,
  title: 'The account is being closed',
  detail: 'The account of the buyer or of a seller is being closed. Nothing was bought.',
});

const OneOrder = z.object({ orderId: Id });

export const orders = contract('orders', {
  operations: {
    /**
     * Places an order of the caller, for a module whose callers send no Idempotency-Key: the same fingerprint in the same channel within
     * `withinMs` is the same order, unless that was refused, cancelled or refunded. Refuses as `POST /orders` does.
     */
    place: operation({
      input: z.object({
        lines: z
          .array(z.object({ variantId: Id, quantity: z.int().min(1) }))
          .min(1)
          .max(100),
        payment: z.enum(paymentKinds),
        channel: z.string().min(1).max(40),
        fingerprint: z.string().min(1).max(200),
        withinMs: z.int().min(1),
      }),
      output: Order,
      problems: [unknownProduct, totalTooLarge, outOfStock, partyLeft],
    }),
    /** The newest orders of the caller in every state, without those that were refused at once. */
    newest: operation({ input: z.object({ limit: z.int().min(1).max(100) }), output: z.array(Order) }),
    /** Whether somebody has bought a product, and it was neither cancelled nor refunded: a returned product was bought. */
    hasBought: operation({ input: z.object({ buyer: Id, productId: Id }), output: z.object({ bought: z.boolean() }) }),
    /** An order as it was placed; null while it is not, or when it was rejected. */
    placedOrder: operation({ input: OneOrder, output: PlacedOrder.nullable() }),
    /** Those of these orders that are placed, as they were placed. */
    placedOrders: operation({ input: z.object({ orderIds: z.array(Id).max(100) }), output: z.array(PlacedOrder) }),
    /**
     * Copies where the shipments of a placed order are, and answers the order as the caller may see it. An older version changes nothing;
     * a step is added once, by its id. The caller makes sure that versions grow in the order of what happened.
     */
    follow: operation({ input: Following, output: Order }),
    /** The same for several orders, each once, without showing them. */
    followAll: operation({ input: z.object({ orders: z.array(Following).max(100) }), output: z.object({}) }),
    /** Orders placed before a time, oldest first, whose shipments nobody has told of yet. */
    withoutShipments: operation({
      input: z.object({ placedBefore: Time, limit: z.int().min(1).max(500) }),
      output: z.object({ orderIds: z.array(Id) }),
    }),
    /** Where an order goes; null when nobody said so, or the buyer's data are erased. */
    deliveryAddress: operation({ input: OneOrder, output: ShippingAddress.nullable() }),
    /** The order as `GET /orders/{id}` shows it to staff, or to its buyer; null when there is none. */
    view: operation({ input: OneOrder, output: Order.nullable() }),
  },
  events: { orderPlaced, orderRejected },
});
