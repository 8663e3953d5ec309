import { z } from 'zod';
import { tooManyBanners } from '#banners';
import { tooManyCategories, unknownProduct } from '#catalog';
import {
  accountClosing,
  accountSuspended,
  mfaCodeRequired,
  notConfirmed,
  usernameTaken,
  wrongCode,
  wrongCredentials,
  wrongMfaCode,
} from '#identity';
import { outOfStock } from '#inventory';
import { sentenceOf } from '#kernel/dialect.ts';
import { forbidden, unauthenticated } from '#kernel/problems.ts';
import { anyone, get, post, signedIn } from '#kernel/routes.ts';
import { partyLeft, totalTooLarge } from '#orders';
import { ConfirmSignUp, confirmSignUp, Msg, SignedIn, SignIn, SignOut, SignUp, signIn, signOut, signUp } from './accounts.ts';
import type { Microservices } from './context.ts';
import { Created, CreateOrder, createOrder } from './orders.ts';
import { listApproved, StoredProduct } from './products.ts';
import {
  BannerUpload,
  CategoryUpload,
  demandManager,
  ProductUpload,
  unknownCategory,
  uploadBanner,
  uploadCategory,
  uploadProduct,
  wrongPrice,
} from './uploads.ts';

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
    problems: [wrongCode],
    handle: (ctx: Microservices, { body }) => confirmSignUp(ctx, body),
  }),
  post('/compat/auth/sign-in', {
    summary: 'Sign in by the full name',
    access: anyone,
    limit: 'sign-in',
    audits: 'refusals',
    body: SignIn,
    returns: SignedIn,
    problems: [wrongCredentials, notConfirmed, accountSuspended, accountClosing, mfaCodeRequired, wrongMfaCode],
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
  post('/compat/banner/upload-url', {
    summary: 'Get the address for the image of a banner',
    description: 'The banner appears when its image has come. For catalog managers, unless COMPAT_OPEN_UPLOADS is on.',
    access: anyone,
    limit: 'open-uploads',
    admits: demandManager,
    body: BannerUpload,
    returns: z.object({ uploadURL: z.string() }),
    problems: [unauthenticated, forbidden, tooManyBanners],
    handle: (ctx: Microservices, { body }) => uploadBanner(ctx, body),
  }),
  get('/compat/banner/banners', {
    summary: 'Banners on show',
    access: anyone,
    returns: z.object({ banners: z.array(z.object({ imageUrl: z.string() })) }),
    problems: [],
    handle: async (ctx: Microservices) => ({
      banners: (await ctx.banners.shown({})).flatMap(({ image }) => (image ? [{ imageUrl: image.url }] : [])),
    }),
  }),
  post('/compat/category/upload-url', {
    summary: 'Get the address for the image of a category',
    description: 'The category is added if there is none of that name. For catalog managers, unless COMPAT_OPEN_UPLOADS is on.',
    access: anyone,
    limit: 'open-uploads',
    admits: demandManager,
    body: CategoryUpload,
    returns: z.object({ uploadUrl: z.string() }),
    problems: [unauthenticated, forbidden, tooManyCategories],
    handle: (ctx: Microservices, { body }) => uploadCategory(ctx, body),
  }),
  get('/compat/category/categories', {
    summary: 'All categories',
    access: anyone,
    returns: z.array(z.object({ categoryName: z.string(), imageUrl: z.string() })),
    problems: [],
    handle: async (ctx: Microservices) =>
      (await ctx.catalog.categories({})).map(({ name, image }) => ({ categoryName: name, imageUrl: image?.url ?? '' })),
  }),
  post('/compat/product/get-upload-url', {
    summary: 'List a product, and get the address for its image',
    description: 'The product waits for approval.',
    access: signedIn,
    body: ProductUpload,
    returns: z.object({ uploadUrl: z.string() }),
    problems: [wrongPrice, unknownCategory],
    refusals: { invalid: (problem) => ({ status: 400, body: { message: sentenceOf(problem) } }) },
    handle: (ctx: Microservices, { body }) => uploadProduct(ctx, body),
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
    problems: [unknownProduct, totalTooLarge, outOfStock, partyLeft],
    handle: (ctx: Microservices, { body }) => createOrder(ctx, body),
  }),
];
