import { z } from 'zod';
import { unknownProduct } from '#catalog';
import { wrongState } from '#fulfilment';
import { accountClosing, accountSuspended, emailTaken, mfaCodeRequired, notConfirmed, wrongCredentials, wrongMfaCode } from '#identity';
import { outOfStock } from '#inventory';
import { type Refusals, sentenceOf } from '#kernel/dialect.ts';
import { notFound, type Problem } from '#kernel/problems.ts';
import { anyone, get, permitted, post, signedIn } from '#kernel/routes.ts';
import { partyLeft, totalTooLarge } from '#orders';
import { Credentials, missingFields, signIn, signUp } from './accounts.ts';
import type { Platform } from './context.ts';
import { findItems, noCategory, readItem } from './find-items.ts';
import { Item } from './item.ts';
import { PlatformOrder, shownOrders } from './order.ts';
import { otherPrice, PlaceOrder, placeOrder } from './place-order.ts';

const Message = z.object({ message: z.string() });
const inBoth = (problem: Problem) => ({
  status: problem.status,
  body: { error: sentenceOf(problem), message: sentenceOf(problem) },
});
const refused = (problem: Problem) => ({ status: 401, body: { error: problem.message } });

/** Accounts: what that API refuses is in `error`; what only Souk refuses is in both fields. */
const ofAccounts: Refusals = {
  [missingFields.code]: { status: 400, body: { error: 'Missing required fields' } },
  [wrongCredentials.code]: refused,
  [mfaCodeRequired.code]: refused,
  [wrongMfaCode.code]: refused,
  '*': inBoth,
};

const badKey = (message: string): Refusals => {
  const refusal = { status: 401, body: { message } };
  return { unauthenticated: refusal, forbidden: refusal, 'account-needed': refusal };
};
const orderNotFound: Refusals = { 'not-found': { status: 404, body: { message: 'Order not found' } } };

export const routes = [
  post('/compat/platform/signup', {
    summary: 'Sign up',
    description: 'The account is active at once. The mailed code proves its email.',
    access: anyone,
    limit: 'sign-up',
    body: Credentials,
    returns: Message,
    problems: [missingFields, emailTaken],
    refusals: ofAccounts,
    handle: (ctx: Platform, { body }) => signUp(ctx, body),
  }),
  post('/compat/platform/signin', {
    summary: 'Sign in',
    description: 'The token is the Bearer of the other calls.',
    access: anyone,
    limit: 'sign-in',
    audits: 'refusals',
    body: Credentials,
    returns: z.object({ token: z.string() }),
    problems: [missingFields, wrongCredentials, notConfirmed, accountSuspended, accountClosing, mfaCodeRequired, wrongMfaCode],
    refusals: ofAccounts,
    handle: (ctx: Platform, { body }) => signIn(ctx, body),
  }),
  get('/compat/platform/items', {
    summary: 'Items of a category',
    access: anyone,
    query: z.object({
      category: z.string().max(300).optional().meta({ description: 'Required', example: 'phone' }),
      type: z.string().max(300).optional().meta({ description: 'Only items of this type' }),
      brand: z.string().max(300).optional().meta({ description: 'Only items of this brand; counts only with a type' }),
    }),
    returns: z.array(Item),
    problems: [noCategory],
    handle: (ctx: Platform, { query }) => findItems(ctx, query),
  }),
  get('/compat/platform/items/{itemId}', {
    summary: 'One item',
    access: anyone,
    returns: Item,
    problems: [notFound],
    refusals: { 'not-found': { status: 404, body: { message: 'Item not found' } } },
    handle: (ctx: Platform, { params }) => readItem(ctx, params.itemId),
  }),
  post('/compat/platform/orders', {
    summary: 'Place an order, paid on delivery',
    description: 'The same items within ten seconds are the same order.',
    access: signedIn,
    body: PlaceOrder,
    returns: z.object({ orderId: z.string() }),
    problems: [unknownProduct, otherPrice, totalTooLarge, outOfStock, partyLeft],
    handle: (ctx: Platform, { body }) => placeOrder(ctx, body),
  }),
  get('/compat/platform/order/{orderId}', {
    summary: 'An order of your own',
    access: signedIn,
    returns: PlatformOrder,
    problems: [notFound],
    refusals: orderNotFound,
    handle: async (ctx: Platform, { params }) => {
      const order = await ctx.orders.view({ orderId: params.orderId });
      if (order?.buyer.id !== ctx.actor.id) throw notFound();
      return (await shownOrders(ctx, [order]))[0]!;
    },
  }),
  get('/compat/platform/orderslist', {
    summary: 'Your ten newest orders',
    access: signedIn,
    returns: z.array(PlatformOrder),
    problems: [],
    handle: async (ctx: Platform) => shownOrders(ctx, await ctx.orders.newest({ limit: 10 })),
  }),
  post('/compat/platform/orderpacked/{orderId}', {
    summary: 'The warehouse has packed an order',
    access: permitted('orders:pack'),
    rawKey: true,
    returns: Message,
    problems: [notFound, wrongState],
    refusals: { ...badKey('Unauthorized (API Key Auth Failed)'), ...orderNotFound },
    handle: async (ctx: Platform, { params }) => {
      await ctx.fulfilment.drive({ orderId: params.orderId, command: 'pack' });
      return { message: 'Order has been marked as packed' };
    },
  }),
  post('/compat/platform/orderdelivered/{orderId}', {
    summary: 'The delivery service has delivered an order',
    access: permitted('orders:deliver'),
    rawKey: true,
    returns: Message,
    problems: [notFound, wrongState],
    refusals: { ...badKey('API Key Auth has failed'), ...orderNotFound },
    handle: async (ctx: Platform, { params }) => {
      await ctx.fulfilment.drive({ orderId: params.orderId, command: 'deliver' });
      return { message: 'Order Delivered' };
    },
  }),
];
