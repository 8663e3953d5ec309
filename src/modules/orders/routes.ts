import { NamedProduct, nameNotUnique, PRODUCTS, Product, unknownProduct } from '#catalog';
import { forbidden, notFound } from '#kernel/problems.ts';
import { anyone, get, ownAccount, owned, post, signedIn } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { Order } from '#orders';
import type { Orders } from './context.ts';
import { listNamedProducts, NamedProductsQuery } from './list-named-products.ts';
import { listOrders, listPurchases, OrdersQuery, PurchasesQuery, readOrder } from './list-orders.ts';
import { orderProblems, PlaceOrder, placeOrder, saleProblems } from './place-order.ts';
import { SellByName, sellByName, unknownCustomer } from './sell-by-name.ts';

export const routes = [
  get('/sales/goods', {
    summary: 'Names and prices of the products in stock',
    description: 'Products that can be bought by their name, in the order of their names.',
    access: anyone,
    query: NamedProductsQuery,
    returns: page(NamedProduct),
    ready: () => [PRODUCTS],
    problems: [],
    handle: (ctx: Orders, { query }) => listNamedProducts(ctx, query),
  }),
  get('/sales/goods/{name}', {
    summary: 'A product by its name',
    description:
      'Shows the product of this name, with its variants and its stock. If several products have this name, the reply is 409 with their ids.',
    access: anyone,
    params: { name: { description: 'The name, as replies show it', example: 'Desk lamp' } },
    returns: Product,
    problems: [unknownProduct, nameNotUnique],
    handle: (ctx: Orders, { params }) => ctx.catalog.productByName({ name: params.name.trim() }),
  }),
  post('/sales', {
    summary: 'Buy a product by its name, paid from a wallet',
    description:
      'Buys a product by its name, with the money of a wallet. Without `username` it is your own purchase; staff with `sales:create` may buy for a customer.',
    access: signedIn,
    idempotent: 'required',
    body: SellByName,
    returns: Order,
    status: 201,
    location: ({ id }) => `/orders/${id}`,
    problems: [...saleProblems, nameNotUnique, unknownCustomer, forbidden],
    handle: (ctx: Orders, { body, key }) => sellByName(ctx, body, key),
  }),
  post('/orders', {
    summary: 'Place an order',
    description:
      'Takes the stock and the money in one step, or refuses with nothing changed. The current price is stored with the order. A product with several variants needs the variant, by its id or its options.',
    access: signedIn,
    idempotent: 'required',
    body: PlaceOrder,
    returns: Order,
    status: 201,
    location: ({ id }) => `/orders/${id}`,
    problems: orderProblems,
    handle: (ctx: Orders, { body, key }) => placeOrder(ctx, { ...body, items: async () => body.items, buyer: async () => ctx.actor, key }),
  }),
  get('/orders', {
    summary: 'Orders, newest first',
    description: 'Your own orders, newest first. Staff may list the orders of any account.',
    access: signedIn,
    query: OrdersQuery,
    returns: page(Order),
    problems: [notFound],
    handle: (ctx: Orders, { query }) => listOrders(ctx, query),
  }),
  get('/orders/{id}', {
    summary: 'An order and its timeline',
    description:
      'Shows what was ordered, what it cost, where its shipments are, and who did each step when. Who it was is told by kind, and by id to staff.',
    access: owned('order', 'orders:read'),
    returns: Order,
    problems: [],
    handle: (ctx: Orders, { params, owner }) => readOrder(ctx, params.id, owner),
  }),
  get('/customers/{username}/purchases', {
    summary: 'What a customer has bought',
    description: 'The orders of a customer, newest first, with what was bought and what was paid.',
    access: ownAccount('orders:read'),
    query: PurchasesQuery,
    returns: page(Order),
    problems: [],
    handle: (ctx: Orders, { params, query }) => listPurchases(ctx, params.username, query),
  }),
];
