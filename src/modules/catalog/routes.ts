import { Product, variantNeeded } from '#catalog';
import { Movement, stockBelowZero } from '#inventory';
import { forbidden, versionMismatch } from '#kernel/problems.ts';
import { anyone, del, get, owned, patch, permitted, post, signedIn } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { Category, listCategories } from './categories.ts';
import { ChangeProduct, changeProduct } from './change-product.ts';
import type { Catalog } from './context.ts';
import { CreateProduct, createProduct, unknownCategory, variantsAlike } from './create-product.ts';
import { decideProduct, RejectProduct } from './decide-product.ts';
import { listProducts, ProductPage, ProductsQuery } from './list-products.ts';
import { wrongState } from './product-state.ts';
import { readProduct } from './read-product.ts';
import { ChangeStock, changeStock, StockQuery, stockHistory } from './stock.ts';

const version = (product: Product) => product.version;

export const routes = [
  get('/products', {
    summary: 'Products, filtered, sorted and searched',
    description:
      'Filters add up. Options are given as `option.color=red`; several are those of one variant. With `q` the products whose name has every word ' +
      'come first, then those that have the words anywhere. Stock in lists may lag by a moment; the product itself tells it fresh.',
    access: anyone,
    query: ProductsQuery,
    returns: ProductPage,
    problems: [forbidden],
    handle: (ctx: Catalog, { query }) => listProducts(ctx, query),
  }),
  get('/products/{id}', {
    summary: 'A product with its variants and its stock of this moment',
    access: anyone,
    returns: Product,
    etag: version,
    problems: [],
    handle: (ctx: Catalog, { params }) => readProduct(ctx, params.id),
  }),
  post('/products', {
    summary: 'List a product',
    description: "The staff's is the shop's own and public at once; anybody else's is a draft, which they submit for approval.",
    access: signedIn,
    idempotent: true,
    body: CreateProduct,
    returns: Product,
    status: 201,
    location: ({ id }) => `/products/${id}`,
    etag: version,
    problems: [unknownCategory, variantsAlike],
    handle: (ctx: Catalog, { body, key }) => createProduct(ctx, body, key),
  }),
  patch('/products/{id}', {
    summary: 'Change a product',
    description:
      'A JSON Merge Patch. Variants are sent as a whole: with an id they are changed, without one added, and those left out are removed.',
    access: owned('product', 'catalog:write'),
    body: ChangeProduct,
    returns: Product,
    etag: version,
    problems: [unknownCategory, variantsAlike, variantNeeded, versionMismatch],
    handle: (ctx: Catalog, { params, body, owner, ifMatch }) => changeProduct(ctx, params.id, body, { owner, ifMatch }),
  }),
  del('/products/{id}', {
    summary: 'Take a product off the shelves for good',
    access: owned('product', 'catalog:write'),
    returns: null,
    problems: [versionMismatch],
    handle: async (ctx: Catalog, { params, owner, ifMatch }) => {
      await decideProduct(ctx, params.id, { command: 'archive', owner, ifMatch });
      return undefined;
    },
  }),
  post('/products/{id}/submit', {
    summary: 'Ask for approval',
    access: owned('product', 'catalog:write'),
    returns: Product,
    etag: version,
    problems: [wrongState, versionMismatch],
    handle: (ctx: Catalog, { params, owner, ifMatch }) => decideProduct(ctx, params.id, { command: 'submit', owner, ifMatch }),
  }),
  post('/products/{id}/approve', {
    summary: 'Approve a product, or the changes of one',
    description: 'A reviewer who sends If-Match approves what was read, and nothing newer.',
    access: permitted('catalog:approve'),
    returns: Product,
    etag: version,
    problems: [wrongState, versionMismatch],
    handle: (ctx: Catalog, { params, ifMatch }) => decideProduct(ctx, params.id, { command: 'approve', owner: null, ifMatch }),
  }),
  post('/products/{id}/reject', {
    summary: 'Reject a product, or the changes of one, with a reason',
    access: permitted('catalog:approve'),
    body: RejectProduct,
    returns: Product,
    etag: version,
    problems: [wrongState, versionMismatch],
    handle: (ctx: Catalog, { params, body, ifMatch }) =>
      decideProduct(ctx, params.id, { command: 'reject', owner: null, ifMatch, reason: body.reason }),
  }),
  post('/products/{id}/stock', {
    summary: 'Add pieces, or take some away',
    access: owned('product', 'inventory:write'),
    idempotent: 'required',
    body: ChangeStock,
    returns: Movement,
    status: 201,
    location: (_, { id }) => `/products/${id}/stock`,
    problems: [stockBelowZero, variantNeeded],
    handle: (ctx: Catalog, { params, body, owner, key }) => changeStock(ctx, params.id, body, owner, key!),
  }),
  get('/products/{id}/stock', {
    summary: "The history of a product's stock",
    access: owned('product', 'inventory:write'),
    query: StockQuery,
    returns: page(Movement),
    problems: [],
    handle: (ctx: Catalog, { params, query, owner }) => stockHistory(ctx, params.id, query, owner),
  }),
  get('/categories', {
    summary: 'Categories',
    access: anyone,
    returns: page(Category),
    problems: [],
    handle: (ctx: Catalog) => listCategories(ctx),
  }),
];
