import { z } from 'zod';
import { type Product, unknownProduct } from '#catalog';
import { seconds } from '#kernel/clock.ts';
import { isId } from '#kernel/ids.ts';
import { invalid, problem } from '#kernel/problems.ts';
import { atShownPrice, Count, placeOfVariants, type Wish } from '../variants.ts';
import { PLATFORM, type Platform } from './context.ts';
import { colorsOf } from './item.ts';

/** Fields that are not known are passed over, as that API did. */
export const PlaceOrder = z.object({
  items: z
    .array(
      z.object({
        id: z.string().max(300).toLowerCase().meta({ description: 'The item', example: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' }),
        count: Count,
        color: z
          .union([z.int(), z.string().regex(/^\d{1,4}$/, 'must be a colorCode of the item')])
          .nullish()
          .meta({ description: 'A colorCode of the item', example: 1 }),
      }),
    )
    .min(1)
    .max(100),
});

export const otherPrice = problem({
  code: 'platform/other-price',
  status: 409,
  title: 'Not at the price that is shown',
  members: { id: z.string() },
  detail: ({ id }) => `The item ${id} is not sold at the price that is shown in this colour. Choose another one.`,
});

/** A double click is one order. */
export const SAME_ORDER_MS = seconds(10);

type Wanted = z.infer<typeof PlaceOrder>['items'][number];

/** Places a cash-on-delivery order of the caller. The same items within ten seconds are the same order. */
export async function placeOrder(ctx: Platform, { items }: z.infer<typeof PlaceOrder>): Promise<{ orderId: string }> {
  const ids = [...new Set(items.map(({ id }) => id))];
  const products = new Map((await ctx.catalog.products({ ids: ids.filter(isId) })).map((product) => [product.id, product]));
  const isSold = (product?: Product) => product?.state === 'approved' && product.price.currency === ctx.settings.defaultCurrency;
  const unknown = ids.filter((id) => !isSold(products.get(id)));
  if (unknown.length > 0) throw unknownProduct({ ids: unknown });
  const wishes = items.map((item, index) => wishOf(products.get(item.id)!, item, index));
  const wanted = items.map(({ id, count, color }) => [id, count, color == null ? null : Number(color)]);
  const order = await placeOfVariants(wishes, (variants) =>
    ctx.orders.place({
      lines: items.map(({ count }, index) => ({ variantId: variants[index]!, quantity: count })),
      payment: 'cash_on_delivery',
      channel: PLATFORM,
      fingerprint: ctx.secrets.fingerprint(JSON.stringify(wanted), 'platform.order'),
      withinMs: SAME_ORDER_MS,
    }),
  );
  return { orderId: order.id };
}

/** Variants in that colour, or all if there is no colour. @throws invalid for an unknown colour; otherPrice if none costs what the item shows */
function wishOf(product: Product, { color, count }: Wanted, index: number): Wish {
  const name = color == null ? undefined : colorsOf(product)[Number(color) - 1];
  if (color != null && name === undefined)
    throw invalid({ errors: [{ pointer: `/items/${index}/color`, detail: 'must be a colorCode of the item', in: 'body' }] });
  const wish: Wish = { product, count, fits: ({ options }) => name === undefined || options.color === name };
  if (atShownPrice(wish).length === 0) throw otherPrice({ id: product.id });
  return wish;
}
