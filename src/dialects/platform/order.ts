import { z } from 'zod';
import type { Product } from '#catalog';
import { partsOf } from '#kernel/batches.ts';
import type { Order } from '#orders';
import type { Platform } from './context.ts';
import { colorsOf } from './item.ts';

export const PlatformOrder = z
  .object({
    id: z.string(),
    userId: z.string(),
    userEmail: z.string().nullable(),
    dateCreated: z.int().meta({ description: 'Milliseconds since 1970' }),
    dateUpdated: z.int().optional(),
    status: z.enum(['placed', 'packed', 'delivered', 'error']),
    items: z.array(z.object({ id: z.string(), count: z.int(), color: z.int().nullable() })),
  })
  .meta({ id: 'PlatformOrder' });
export type PlatformOrder = z.infer<typeof PlatformOrder>;

const STATUS: Readonly<Record<Order['state'], PlatformOrder['status']>> = {
  placing: 'placed',
  placed: 'placed',
  packed: 'packed',
  shipped: 'packed',
  delivered: 'delivered',
  completed: 'delivered',
  returned: 'delivered',
  rejected: 'error',
  cancelled: 'error',
  refunded: 'error',
};

/** Orders of one buyer as that API shows them. The email is null if another account has proved it. A colour that the product no longer has gets no code. */
export async function shownOrders(ctx: Platform, orders: readonly Order[]): Promise<PlatformOrder[]> {
  const [buyer] = orders.map((order) => order.buyer.id);
  if (buyer === undefined) return [];
  const ids = [...new Set(orders.flatMap(({ items }) => items.map(({ productId }) => productId)))];
  const [[contact], ...pages] = await Promise.all([
    ctx.identity.contactsOf({ ids: [buyer] }),
    ...partsOf(ids, 100).map((some) => ctx.catalog.products({ ids: some })),
  ]);
  const products = new Map(pages.flat().map((product) => [product.id, product]));
  return orders.map((order) => shownOrder(order, contact?.orderEmail ?? null, products));
}

function shownOrder(order: Order, userEmail: string | null, products: ReadonlyMap<string, Product>): PlatformOrder {
  const moves = order.timeline.filter(({ shipmentId }) => shipmentId !== null).map(({ at }) => Date.parse(at));
  return {
    id: order.id,
    userId: order.buyer.id,
    userEmail,
    dateCreated: Date.parse(order.createdAt),
    ...(moves.length > 0 ? { dateUpdated: Math.max(...moves) } : {}),
    status: STATUS[order.state],
    items: order.items.map(({ productId, quantity, options }) => ({
      id: productId,
      count: quantity,
      color: codeOf(products.get(productId), options.color),
    })),
  };
}

function codeOf(product: Product | undefined, color: string | undefined): number | null {
  const place = product && color !== undefined ? colorsOf(product).indexOf(color) : -1;
  return place < 0 ? null : place + 1;
}
