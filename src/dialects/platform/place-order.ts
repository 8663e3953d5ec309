import { z } from 'zod';
import { type Product, unknownProduct } from '#catalog';
import { Quantity } from '#inventory';
import { seconds } from '#kernel/clock.ts';
import { invalid } from '#kernel/problems.ts';
import { Id } from '#kernel/shapes.ts';
import { PLATFORM, type Platform } from './context.ts';
import { colorsOf } from './item.ts';

/** Fields that are not known are passed over, as that API did. */
export const PlaceOrder = z.object({
  items: z
    .array(
      z.object({
        id: Id,
        count: Quantity,
        color: z
          .union([z.int(), z.string().regex(/^\d{1,4}$/, 'must be a colorCode of the item')])
          .nullish()
          .meta({ description: 'A colorCode of the item', example: 1 }),
      }),
    )
    .min(1)
    .max(100),
});

/** A double click is one order. */
export const SAME_ORDER_MS = seconds(10);

type Wanted = z.infer<typeof PlaceOrder>['items'][number];

/** Places a cash-on-delivery order of the caller. The same items within ten seconds are the same order. */
export async function placeOrder(ctx: Platform, { items }: z.infer<typeof PlaceOrder>): Promise<{ orderId: string }> {
  const ids = [...new Set(items.map(({ id }) => id))];
  const products = new Map((await ctx.catalog.products({ ids })).map((product) => [product.id, product]));
  const isSold = (product?: Product) => product?.state === 'approved' && product.price.currency === ctx.settings.defaultCurrency;
  const unknown = ids.filter((id) => !isSold(products.get(id)));
  if (unknown.length > 0) throw unknownProduct({ ids: unknown });
  const wanted = items.map(({ id, count, color }) => [id, count, color == null ? null : Number(color)]);
  const order = await ctx.orders.place({
    lines: items.map((item, index) => ({ variantId: variantOf(products.get(item.id)!, item, index), quantity: item.count })),
    payment: 'cash_on_delivery',
    channel: PLATFORM,
    fingerprint: ctx.secrets.fingerprint(JSON.stringify(wanted), 'platform.order'),
    withinMs: SAME_ORDER_MS,
  });
  return { orderId: order.id };
}

/** The first variant in that colour that there is enough of; without a colour, of all. What is sold out is for the order to refuse. */
function variantOf(product: Product, { color, count }: Wanted, index: number): string {
  const name = color == null ? undefined : colorsOf(product)[Number(color) - 1];
  if (color != null && name === undefined)
    throw invalid({ errors: [{ pointer: `/items/${index}/color`, detail: 'must be a colorCode of the item', in: 'body' }] });
  const fitting = product.variants.filter(({ options }) => name === undefined || options.color === name);
  return (fitting.find(({ stock }) => stock >= count) ?? fitting[0]!).id;
}
