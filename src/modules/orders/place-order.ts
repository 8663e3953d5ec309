import { z } from 'zod';
import { Options, unknownProduct, variantNeeded } from '#catalog';
import { outOfStock, Quantity } from '#inventory';
import { refuseOtherBody } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { Problem, problem, stillRunning } from '#kernel/problems.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Id, line } from '#kernel/shapes.ts';
import { partyLeft } from '#orders';
import { insufficientFunds } from '#wallet';
import { sealAddress } from './address.ts';
import type { Orders } from './context.ts';
import {
  type Draft,
  draftedRow,
  findByKey,
  insertDraft,
  type Order,
  type OrderRow,
  orderView,
  type PaymentKind,
  paymentKinds,
} from './order.ts';
import { settleLeft, settleOrder } from './settle-order.ts';
import { sharesOf } from './shares.ts';

const Item = z
  .strictObject({ productId: Id.optional(), variantId: Id.optional(), quantity: Quantity, options: Options.optional() })
  .refine((item) => item.productId !== undefined || item.variantId !== undefined, {
    error: 'needs a productId or a variantId',
    path: ['productId'],
  })
  .meta({ example: { productId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', quantity: 1 } });

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

export const PlaceOrder = z.strictObject({
  items: z.array(Item).min(1).max(100),
  payment: z.enum(paymentKinds).default('wallet'),
  shippingAddress: ShippingAddress.optional(),
});

export const mixedCurrencies = problem({
  code: 'orders/mixed-currencies',
  status: 409,
  title: 'One order, one currency',
  members: { currencies: z.array(z.string()) },
  detail: ({ currencies }) => `These goods are priced in ${currencies.join(' and ')}. Order them apart.`,
});

export const totalTooLarge = problem({
  code: 'orders/total-too-large',
  status: 409,
  title: 'The total is too large',
  detail: 'The total is beyond what an order may come to. Order fewer.',
});

export const orderProblems = [unknownProduct, variantNeeded, mixedCurrencies, totalTooLarge, outOfStock, insufficientFunds, partyLeft];

const WAIT_MS = 5000;
const POLL_MS = 25;

interface Wanted {
  buyer: { id: string; username: string };
  /** What is wanted; asked for only when it must be known, since a repeated call needs it no more. */
  items: () => Promise<{ productId?: string; variantId?: string; quantity: number; options?: Record<string, string> }[]>;
  payment: PaymentKind;
  shippingAddress?: z.infer<typeof ShippingAddress>;
  key: Key | undefined;
}

/**
 * Places an order: freezes the price, takes the stock and the money, announces it.
 * The order row is written first and is the memory of the rest: every later step carries its id
 * and has one outcome for ever, so a timer can finish what a crash leaves behind.
 */
export async function placeOrder(ctx: Orders, wanted: Wanted): Promise<Order | Replayed<Order>> {
  const { key, buyer } = wanted;
  const draft = await draftOf(ctx, wanted).catch(async (refusal) => {
    const earlier = await findEarlier(ctx, key); // goods come and go; what was ordered under this key stands
    if (earlier) return earlier;
    throw refusal;
  });
  if ('state' in draft) return replay(ctx, draft, buyer.username);
  if (await insertDraft(ctx.db, draft, key)) return orderView(accepted(await settleOrder(ctx, draftedRow(draft))), buyer.username);
  const earlier = await findEarlier(ctx, key);
  if (!earlier) throw stillRunning({ retryAfterSeconds: 1 });
  return replay(ctx, earlier, buyer.username);
}

/** The order that this key made before. @throws keyReused when it was made by another body. */
async function findEarlier(ctx: Orders, key: Key | undefined): Promise<OrderRow | undefined> {
  const row = key && (await findByKey(ctx.db, key));
  if (row && key) refuseOtherBody(row, key);
  return row;
}

async function draftOf(ctx: Orders, wanted: Wanted): Promise<Draft> {
  const { lines } = await ctx.catalog.price({ lines: await wanted.items() });
  const currencies = [...new Set(lines.map(({ unitPrice }) => unitPrice.currency))];
  const [currency] = currencies;
  if (!currency || currencies.length > 1) throw mixedCurrencies({ currencies });
  const total = lines.reduce((sum, { unitPrice, quantity }) => sum + unitPrice.amount * quantity, 0);
  if (!Number.isSafeInteger(total)) throw totalTooLarge();
  const at = ctx.clock.now();
  const id = newId();
  const address = wanted.shippingAddress;
  return {
    id,
    buyer: wanted.buyer.id,
    placedBy: ctx.actor.id,
    payment: wanted.payment,
    currency,
    total,
    shares: sharesOf(lines, ctx.settings.commissionBasisPoints),
    lines,
    addressSealed: address ? sealAddress(ctx.secrets, id, address) : null,
    leaseUntil: new Date(at.getTime() + ctx.settings.leaseMs),
    at,
  };
}

/** Answers a repeated call as the first one was answered; while that one is under way, waits for it. */
async function replay(ctx: Orders, found: OrderRow, username: string): Promise<Replayed<Order>> {
  let row = found;
  for (const deadline = Date.now() + WAIT_MS; row.state === 'placing'; ) {
    if (Date.now() > deadline) throw stillRunning({ retryAfterSeconds: 2 });
    row = (await settleLeft(ctx, row.id)) ?? row;
    if (row.state === 'placing') await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return replayed(orderView(accepted(row), username));
}

/** @throws the refusal that a rejected order keeps. */
function accepted(row: OrderRow): OrderRow {
  if (row.state !== 'rejected') return row;
  const kind = [outOfStock, insufficientFunds, partyLeft].find(({ code }) => code === row.refusal?.code);
  throw (
    kind?.(row.refusal?.extra as never) ??
    new Problem(row.refusal?.code ?? 'orders/rejected', 409, 'The order was rejected', 'Stock or money was refused.', row.refusal?.extra)
  );
}
