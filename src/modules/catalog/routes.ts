import { PRODUCTS, Product, productTopic, tooManyCategories, variantNeeded, variantsAlike } from '#catalog';
import { Movement, stockBelowZero, stockTopic, tooMuchStock } from '#inventory';
import { forbidden, unauthenticated, versionMismatch } from '#kernel/problems.ts';
import { anyone, del, get, owned, patch, permitted, post, put, signedIn } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { announcesImage, uploadExpired } from '#media';
import { announceImage } from './announce-image.ts';
import {
  CATEGORIES,
  CategoriesQuery,
  Category,
  categoryInUse,
  categoryMisplaced,
  listCategories,
  slugTaken,
  unknownCategory,
} from './category.ts';
import { ChangeCategory, changeCategory } from './change-category.ts';
import { ChangeProduct, changeProduct } from './change-product.ts';
import type { Catalog } from './context.ts';
import { announceCategoryImage, CreateCategory, CreatedCategory, createCategory } from './create-category.ts';
import { CreatedProduct, CreateProduct, createProduct } from './create-product.ts';
import { decideProduct, imageOutstanding, RejectProduct } from './decide-product.ts';
import { deleteCategory } from './delete-category.ts';
import { Approvals, ApprovalsQuery, listApprovals } from './list-approvals.ts';
import { listProducts, ProductPage, ProductsQuery } from './list-products.ts';
import { imageInReview, SetImages, tooManyImages, unknownImage } from './product-images.ts';
import { productMachine } from './product-state.ts';
import { readProduct } from './read-product.ts';
import { dropImage, setImages } from './set-images.ts';
import { ChangeStock, changeStock, StockQuery, stockHistory } from './stock.ts';
import { tooManyTranslations } from './translations.ts';

const version = (product: Product) => product.version;

export const routes = [
  get('/products', {
    summary: 'Products, filtered, sorted and searched',
    description:
      'All filters apply together. Options are given as `option.color=red`; several options must fit one variant. With `q`, products whose name has every ' +
      'word come first, then those that have the words elsewhere. The stock in lists may lag by a moment; a single product shows the current stock.',
    access: anyone,
    query: ProductsQuery,
    returns: ProductPage,
    ready: () => [PRODUCTS],
    problems: [unauthenticated, forbidden],
    handle: (ctx: Catalog, { query }) => listProducts(ctx, query),
  }),
  get('/products/{id}', {
    summary: 'A product with its variants and its current stock',
    description:
      'Shows an approved product with all variants, and the current stock; to anonymous callers the stock of the last second. The owner and staff also ' +
      'see products that are not public.',
    access: anyone,
    returns: Product,
    etag: version,
    ready: (_, { id, variants }) => [productTopic(id), ...variants.map((variant) => stockTopic(variant.id))],
    problems: [],
    handle: (ctx: Catalog, { params }) => readProduct(ctx, params.id),
  }),
  post('/products', {
    summary: 'List a product',
    description:
      'A product of staff belongs to the shop and is public at once. A product of anyone else is a draft; its owner submits it for approval.',
    access: signedIn,
    idempotent: true,
    body: CreateProduct,
    returns: CreatedProduct,
    status: 201,
    location: ({ id }) => `/products/${id}`,
    etag: version,
    problems: [unknownCategory, variantsAlike, uploadExpired],
    handle: (ctx: Catalog, { body, key }) => createProduct(ctx, body, key),
  }),
  patch('/products/{id}', {
    summary: 'Change a product',
    description:
      'A JSON Merge Patch. `variants` replaces the whole list: a variant with an id is changed, one without an id is added, a missing one is removed. ' +
      'A new name or description of an approved product waits for review, and so do new translations, with `pending.translations`. What is sent as it is ' +
      'shown does not wait.',
    access: owned('product', 'catalog:write'),
    body: ChangeProduct,
    returns: Product,
    etag: version,
    problems: [unknownCategory, variantsAlike, variantNeeded, tooManyTranslations, versionMismatch],
    handle: (ctx: Catalog, { params, body, owner, ifMatch }) => changeProduct(ctx, params.id, body, { owner, ifMatch }),
  }),
  del('/products/{id}', {
    summary: 'Archive a product permanently',
    description: 'Archives the product: it can no longer be found or bought. Orders that contain it do not change.',
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
    description: 'Sends a draft, or a rejected product, to the staff. It is public once it is approved.',
    access: owned('product', 'catalog:write'),
    returns: Product,
    etag: version,
    problems: [productMachine.wrongState, versionMismatch],
    handle: (ctx: Catalog, { params, owner, ifMatch }) => decideProduct(ctx, params.id, { command: 'submit', owner, ifMatch }),
    again: (ctx: Catalog, { params }) => readProduct(ctx, params.id),
  }),
  post('/products/{id}/approve', {
    summary: 'Approve a product, or the changes of one',
    description:
      'With If-Match a reviewer approves the version that was read, and no newer one. A product that was announced with an image can be approved once the ' +
      'image is there, or is not expected any more.',
    access: permitted('catalog:approve'),
    returns: Product,
    etag: version,
    problems: [productMachine.wrongState, imageOutstanding, tooManyTranslations, versionMismatch],
    handle: (ctx: Catalog, { params, ifMatch }) => decideProduct(ctx, params.id, { command: 'approve', owner: null, ifMatch }),
    again: (ctx: Catalog, { params }) => readProduct(ctx, params.id),
  }),
  post('/products/{id}/reject', {
    summary: 'Reject a product, or the changes of one, with a reason',
    description: 'The seller reads the reason, changes the product and submits it again. A public product does not change.',
    access: permitted('catalog:approve'),
    body: RejectProduct,
    returns: Product,
    etag: version,
    problems: [productMachine.wrongState, versionMismatch],
    handle: (ctx: Catalog, { params, body, ifMatch }) =>
      decideProduct(ctx, params.id, { command: 'reject', owner: null, ifMatch, reason: body.reason }),
    again: (ctx: Catalog, { params }) => readProduct(ctx, params.id),
  }),
  post('/products/{id}/images', {
    summary: 'Announce an image of a product',
    description:
      'Send the file to the signed address of the reply. It is the last image of the product once it has been checked; GET /v1/media/{id} says how it ' +
      'stands. An image that a seller adds to an approved product waits for review. At most 20 images.',
    access: owned('product', 'catalog:write'),
    ...announcesImage,
    problems: [tooManyImages, uploadExpired],
    handle: (ctx: Catalog, { params, body, owner, key }) => announceImage(ctx, params.id, body, { owner, key }),
  }),
  put('/products/{id}/images', {
    summary: 'Order, describe and remove the images of a product',
    description:
      'The images that the product is to have, in their order; `alt` stays where it is absent. What a seller changes of an approved product waits for ' +
      'review, with `pending.images`. What staff change is shown at once, and what a seller has sent for review goes on waiting: it is shown by its ' +
      'approval alone. Images whose files have not come yet stay.',
    access: owned('product', 'catalog:write'),
    body: SetImages,
    returns: Product,
    etag: version,
    problems: [unknownImage, imageInReview, versionMismatch],
    handle: (ctx: Catalog, { params, body, owner, ifMatch }) => setImages(ctx, params.id, body, { owner, ifMatch }),
  }),
  del('/products/{id}/images/{imageId}', {
    summary: 'Remove an image of a product',
    description:
      'Also one whose file has not come yet. Of an approved product of a seller, a shown image stays until a reviewer has approved that it goes. What ' +
      'staff remove goes at once, and is no longer among the images that wait for review.',
    access: owned('product image', 'catalog:write'),
    returns: Product,
    etag: version,
    problems: [versionMismatch],
    handle: (ctx: Catalog, { params, owner, ifMatch }) => dropImage(ctx, params.id, params.imageId, { owner, ifMatch }),
  }),
  get('/product-approvals', {
    summary: 'Products, and changes of products, that wait for review',
    description:
      'The longest waiting first, with the age of each and the number of all. `GET /products?state=submitted` and `?state=pending` show them whole.',
    access: permitted('catalog:approve'),
    query: ApprovalsQuery,
    returns: Approvals,
    problems: [],
    handle: (ctx: Catalog, { query }) => listApprovals(ctx, query),
  }),
  post('/products/{id}/stock', {
    summary: 'Add units to the stock, or remove some',
    description:
      'Adds units to a variant, or takes units away with a negative `change`. Stock never falls below zero: a call that would do so is refused.',
    access: owned('product', 'inventory:write'),
    idempotent: 'required',
    body: ChangeStock,
    returns: Movement,
    status: 201,
    location: (_, { id }) => `/products/${id}/stock`,
    problems: [stockBelowZero, tooMuchStock, variantNeeded],
    handle: (ctx: Catalog, { params, body, owner, key }) => changeStock(ctx, params.id, body, owner, key!),
  }),
  get('/products/{id}/stock', {
    summary: "The history of a product's stock",
    description: 'Every change of stock, newest first, with its reason and the units that were there afterwards.',
    access: owned('product', 'inventory:write'),
    query: StockQuery,
    returns: page(Movement),
    problems: [],
    handle: (ctx: Catalog, { params, query, owner }) => stockHistory(ctx, params.id, query, owner),
  }),
  get('/categories', {
    summary: 'Categories',
    description:
      'In the order that the shop shows them, with the slug that products and filters name, and the slug of the category above. A page holds 100 where ' +
      '`limit` is absent; a shop with more follows `Link`.',
    access: anyone,
    query: CategoriesQuery,
    returns: page(Category),
    ready: () => [CATEGORIES],
    problems: [],
    handle: (ctx: Catalog, { query }) => listCategories(ctx, query),
  }),
  post('/categories', {
    summary: 'Add a category',
    description:
      'At most 1,000 categories, on at most four levels. A list of a category also shows the products of the categories below it.',
    access: permitted('catalog:write'),
    idempotent: true,
    body: CreateCategory,
    returns: CreatedCategory,
    status: 201,
    location: () => '/categories',
    etag: ({ version }) => version,
    problems: [unknownCategory, slugTaken, categoryMisplaced, tooManyCategories],
    handle: (ctx: Catalog, { body, key }) => createCategory(ctx, body, key),
  }),
  patch('/categories/{id}', {
    summary: 'Rename or move a category',
    description:
      'A JSON Merge Patch. What is below a category moves with it. Lists and searches follow within moments. The slug can change while nothing names it.',
    access: permitted('catalog:write'),
    body: ChangeCategory,
    returns: Category,
    etag: ({ version }) => version,
    problems: [unknownCategory, slugTaken, categoryMisplaced, categoryInUse, versionMismatch],
    handle: (ctx: Catalog, { params, body, ifMatch }) => changeCategory(ctx, params.id, body, ifMatch),
  }),
  post('/categories/{id}/image', {
    summary: 'Announce an image of a category',
    description: 'Send the file to the signed address of the reply. It takes the place of the older one once it has been checked.',
    access: permitted('catalog:write'),
    ...announcesImage,
    problems: [uploadExpired],
    handle: (ctx: Catalog, { params, body, key }) => announceCategoryImage(ctx, params.id, body, key),
  }),
  del('/categories/{id}', {
    summary: 'Delete a category that nothing names',
    description: 'A category cannot be deleted while categories below it, or products that are not archived, name it.',
    access: permitted('catalog:write'),
    returns: null,
    problems: [categoryInUse, versionMismatch],
    handle: (ctx: Catalog, { params, ifMatch }) => deleteCategory(ctx, params.id, ifMatch),
  }),
];
