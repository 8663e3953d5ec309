import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Currency } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import { Id } from '#kernel/shapes.ts';

/** What was bought, for those who count and recommend. Ids and figures only. */
export const orderPlaced = event(
  'orders.order-placed',
  1,
  z.object({
    orderId: Id,
    buyer: Id,
    payment: z.enum(['wallet', 'cash_on_delivery']),
    currency: Currency,
    total: z.int(),
    lines: z.array(z.object({ productId: Id, variantId: Id, sellerId: Id, quantity: z.int(), total: z.int() })),
  }),
);

export const orderRejected = event('orders.order-rejected', 1, z.object({ orderId: Id, buyer: Id, code: z.string() }));

export const partyLeft = problem({
  code: 'orders/party-left',
  status: 409,
  title: 'The account is being closed',
  detail: 'The account of the buyer or of a seller is being closed. Nothing was bought.',
});

export const orders = contract('orders', {
  operations: {
    /** Whether somebody has a placed order of a product. */
    hasBought: operation({ input: z.object({ buyer: Id, productId: Id }), output: z.object({ bought: z.boolean() }) }),
  },
  events: { orderPlaced, orderRejected },
});
