import { z } from 'zod';
import { Options, unknownProduct, variantNeeded } from '#catalog';
import { outOfStock, Quantity } from '#inventory';
import { once, sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { leaseEnd, resumeOrWait } from '#kernel/lease.ts';
import { Problem, problem } from '#kernel/problems.ts';
import { isReplayed, type Replayed } from '#kernel/routes.ts';
import { Id } from '#kernel/shapes.ts';
import { type Order, type orders, type PaymentKind, partyLeft, paymentKinds, ShippingAddress, totalTooLarge } from '#orders';
import { insufficientFunds } from '#wallet';
import { sealAddress } from './address.ts';
import type { Orders } from './context.ts';
import {
  type Draft,
  draftedRow,
  findByKey,
  findOrder,
  findSameCall,
  insertOrder,
  type OrderKey,
  type OrderRow,
  undecidedOrders,
} from './order.ts';
import { shownOne } from './order-view.ts';
import { placeAtOnce, resolveOrder } from './resolve-order.ts';
import { sharesOf } from './shares.ts';

const Item = z
  .strictObject({ productId: Id.optional(), variantId: Id.optional(), quantity: Quantity, options: Options.optional() })
  .refine((item) => item.productId !== undefined || item.variantId !== undefined, {
    error: 'needs a productId or a variantId',
    path: ['productId'],
  })
  .meta({ example: { productId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', quantity: 1 } });

export const PlaceOrder = z.strictObject({
  items: z.array(Item).min(1).max(100),
  payment: z.enum(paymentKinds).default('wallet'),
  shippingAddress: ShippingAddress.optional(),
});

export const mixedCurrencies = problem({
  code: 'orders/mixed-currencies',
  status: 409,
  title: 'An order has one currency',
  members: { currencies: z.array(z.string()) },
  detail: ({ currencies }) => `These products have prices in ${currencies.join(' and ')}. Order them separately.`,
});

export const saleProblems = [unknownProduct, variantNeeded, totalTooLarge, outOfStock, insufficientFunds, partyLeft];
export const orderProblems = [...saleProblems, mixedCurrencies];

interface Wanted {
  /** Who buys, and what; asked for only when it must be known, since a repeated call needs it no more. */
  buyer: () => Promise<{ id: string; username: string }>;
  items: () => Promise<{ productId?: string; variantId?: string; quantity: number; options?: Record<string, string> }[]>;
  payment: PaymentKind;
  shippingAddress?: ShippingAddress;
  channel?: string;
  key: OrderKey | undefined;
}

/**
 * Places an order: fixes the price, takes the stock and the money, announces it. If all modules run in this process, that is one
 * transaction. Otherwise the order row is written first, and records the rest: every later step has its id as key and has one
 * outcome, so a timer can finish an order after a crash.
 */
export const placeOrder = (ctx: Orders, wanted: Wanted): Promise<Order | Replayed<Order>> =>
  once<OrderRow, Order>(wanted.key, {
    make: async () => {
      const draft = await draftOf(ctx, wanted);
      if (ctx.isTogether) return placeAtOnce(ctx, draft, wanted.key);
      return (await insertOrder(ctx.db, draft, wanted.key)) ? draftedRow(draft) : undefined;
    },
    find: (key: OrderKey) => {
      const { withinMs } = key;
      return withinMs === undefined
        ? sameCall(key, findByKey(ctx.db, key))
        : findSameCall(ctx.db, key, new Date(ctx.clock.now().getTime() - withinMs));
    },
    answer: async (row, isFirst) => {
      const order = accepted(isFirst && row.state === 'placing' ? await resolveOrder(ctx, row) : await decided(ctx, row));
      return shownOne(ctx, order);
    },
  });

/** Places an order of the caller for another module, which has no key: the same fingerprint within that time is the same order. */
export async function placeFor(ctx: Orders, input: z.infer<typeof orders.operations.place.input>): Promise<Order> {
  const { lines, payment, channel, fingerprint: bodyHash, withinMs } = input;
  const key = { principal: `${ctx.actor.id}:orders.place:${channel}`, value: newId(), bodyHash, withinMs };
  const placed = await placeOrder(ctx, { items: async () => lines, buyer: async () => ctx.actor, payment, channel, key });
  return isReplayed(placed) ? placed.value : placed;
}

async function draftOf(ctx: Orders, wanted: Wanted): Promise<Draft> {
  const { lines } = await ctx.catalog.price({ lines: await wanted.items() });
  const currencies = [...new Set(lines.map(({ unitPrice }) => unitPrice.currency))];
  const [currency] = currencies;
  if (!currency || currencies.length > 1) throw mixedCurrencies({ currencies });
  const total = lines.reduce((sum, { unitPrice, quantity }) => sum + unitPrice.amount * quantity, 0);
  const largest = ctx.settings.largestAmounts[currency];
  if (total > largest) throw totalTooLarge({ currency, largest });
  const buyer = await wanted.buyer();
  const at = ctx.clock.now();
  const id = newId();
  const address = wanted.shippingAddress;
  return {
    id,
    buyer: buyer.id,
    placedBy: ctx.actor.id,
    payment: wanted.payment,
    channel: wanted.channel ?? null,
    currency,
    total,
    shares: sharesOf(lines, ctx.settings.commissionBasisPoints),
    lines,
    addressSealed: address ? sealAddress(ctx.secrets, id, address) : null,
    leaseUntil: leaseEnd(ctx, ctx.settings.leaseMs),
    at,
  };
}

/** What became of an order that another call placed; while that one is under way, it is waited for. */
const decided = (ctx: Orders, found: OrderRow): Promise<OrderRow> =>
  resumeOrWait(ctx, undecidedOrders, found, {
    leaseMs: ctx.settings.leaseMs,
    isOpen: ({ state }) => state === 'placing',
    resume: (order) => resolveOrder(ctx, order),
    find: () => findOrder(ctx.db, found.id, null),
  });

/** @throws the refusal that a rejected order keeps. */
function accepted(row: OrderRow): OrderRow {
  if (row.state !== 'rejected') return row;
  const kind = [outOfStock, insufficientFunds, partyLeft].find(({ code }) => code === row.refusal?.code);
  throw (
    kind?.(row.refusal?.extra as never) ??
    new Problem(row.refusal?.code ?? 'orders/rejected', 409, 'The order was rejected', 'Stock or money was refused.', row.refusal?.extra)
  );
}
