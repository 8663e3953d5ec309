import { z } from 'zod';
import { unknownProduct } from '#catalog';
import { usernameTaken } from '#identity';
import { outOfStock } from '#inventory';
import { unauthenticated } from '#kernel/problems.ts';
import { anyone, get, post, signedIn } from '#kernel/routes.ts';
import { partyLeft } from '#orders';
import { ConfirmSignUp, confirmSignUp, Msg, SignedIn, SignIn, SignOut, SignUp, signIn, signOut, signUp } from './accounts.ts';
import type { Microservices } from './context.ts';
import { Created, CreateOrder, createOrder } from './orders.ts';
import { listApproved, StoredProduct } from './products.ts';

const accounts = [
  post('/compat/auth/sign-up', {
    summary: 'Sign up',
    description: 'People sign in by their full name here, so one that is taken is refused.',
    access: anyone,
    limit: 'sign-up',
    body: SignUp,
    returns: Msg,
    problems: [usernameTaken],
    handle: (ctx: Microservices, { body }) => signUp(ctx, body),
  }),
  post('/compat/auth/confirm-sign-up', {
    summary: 'Confirm the email with the mailed code',
    access: anyone,
    limit: 'codes',
    audits: 'refusals',
    body: ConfirmSignUp,
    returns: Msg,
    problems: [],
    handle: (ctx: Microservices, { body }) => confirmSignUp(ctx, body),
  }),
  post('/compat/auth/sign-in', {
    summary: 'Sign in by the full name',
    access: anyone,
    limit: 'sign-in',
    audits: 'refusals',
    body: SignIn,
    returns: SignedIn,
    problems: [],
    handle: (ctx: Microservices, { body }) => signIn(ctx, body),
  }),
  post('/compat/auth/sign-out', {
    summary: 'End the session of an access token',
    access: anyone,
    limit: 'codes',
    body: SignOut,
    returns: Msg,
    problems: [unauthenticated],
    handle: (ctx: Microservices, { body }) => signOut(ctx, body),
  }),
];

export const routes = [
  ...accounts,
  get('/compat/category/categories', {
    summary: 'All categories',
    access: anyone,
    returns: z.array(z.object({ categoryName: z.string(), imageUrl: z.string() })),
    problems: [],
    handle: async (ctx: Microservices) =>
      (await ctx.catalog.categories({})).map(({ name, image }) => ({ categoryName: name, imageUrl: image?.url ?? '' })),
  }),
  get('/compat/product/approve-products', {
    summary: 'Approved products, in the attribute form of DynamoDB',
    access: anyone,
    returns: z.object({ products: z.array(StoredProduct) }),
    problems: [],
    handle: (ctx: Microservices) => listApproved(ctx),
  }),
  post('/compat/order/create-order', {
    summary: 'Order a product, paid on delivery',
    description: 'The order is queued, then shipped by a job. The same order within ten seconds is one.',
    access: signedIn,
    body: CreateOrder,
    returns: Created,
    problems: [unknownProduct, outOfStock, partyLeft],
    handle: (ctx: Microservices, { body }) => createOrder(ctx, body),
  }),
];
