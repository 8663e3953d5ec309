import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Currency, Money } from '#kernel/money.ts';
import { problem } from '#kernel/problems.ts';
import { Id, Time } from '#kernel/shapes.ts';

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
  detail: 'The buyer, or a seller of these goods, is closing the account. Nothing was bought.',
});

/** An order as its buyer takes it along, with the address it went to. */
export const OrderRecord = z.object({
  id: Id,
  state: z.string(),
  payment: z.string(),
  total: Money,
  items: z.array(
    z.object({ productId: Id, name: z.string(), options: z.record(z.string(), z.string()), quantity: z.int(), unitPrice: Money }),
  ),
  shippingAddress: z.record(z.string(), z.string()).nullable(),
  createdAt: Time,
});
export type OrderRecord = z.infer<typeof OrderRecord>;

const OneAccount = z.object({ accountId: Id });

export const orders = contract('orders', {
  operations: {
    /** Whether somebody has a placed order of a product. */
    hasBought: operation({ input: z.object({ buyer: Id, productId: Id }), output: z.object({ bought: z.boolean() }) }),
    /** Places no order of this account, or of its goods, any more, until reopened. Twice is once. */
    closeAccount: operation({ input: OneAccount, output: z.object({}) }),
    reopenAccount: operation({ input: OneAccount, output: z.object({}) }),
    /** `orders` while one of theirs, or of their goods, is not decided or has money to give back. One statement. */
    openMatters: operation({ input: OneAccount, output: z.object({ matters: z.array(z.literal('orders')) }) }),
    /** The orders of a buyer with their addresses, newest first. */
    recordsOf: operation({ input: OneAccount.extend({ limit: z.int() }), output: z.array(OrderRecord) }),
    /** Drops the addresses of an account that is erased. Twice is once. */
    forgetAccount: operation({ input: OneAccount, output: z.object({}) }),
  },
  events: { orderPlaced, orderRejected },
});
