import type { z } from 'zod';
import { PLATFORM_SELLER } from '#catalog';
import type { MessageKind } from '#mail/texts.ts';
import type { Notifications } from './context.ts';
import type { aboutProductJob, stockLowJob } from './jobs.ts';
import { notifyAll } from './notify.ts';

/** Tells somebody what was decided about a product, or about their review of it. A product that is gone is told of no more. */
export async function tellAboutProduct(
  ctx: Notifications,
  { key, kind, accountId, productId, reviewId, outcome, refusal }: z.infer<typeof aboutProductJob.input>,
): Promise<void> {
  const { products } = await ctx.catalog.listings({ productIds: [productId], variantIds: [] });
  const [product] = products;
  if (!product || accountId === PLATFORM_SELLER.id) return;
  const reason = refusal ? { phrase: refusal } : await reasonFor(ctx, { productId, reviewId, outcome });
  await notifyAll(ctx, [
    { key, accountId, kind, text: `${kind}.${outcome}` as MessageKind, values: { product: product.name, reason }, cause: ctx.cause },
  ]);
}

/** Why staff have refused something, as its owner reads it there: events hold no text. Null where nobody said why, or it has changed since. */
async function reasonFor(
  { catalog, reviews }: Notifications,
  { productId, reviewId, outcome }: Pick<z.infer<typeof aboutProductJob.input>, 'productId' | 'reviewId' | 'outcome'>,
): Promise<string | null> {
  if (outcome === 'removed' && reviewId !== undefined) return (await reviews.reasonOf({ reviewId })).reason;
  if (outcome === 'rejected') return (await catalog.products({ ids: [productId] }))[0]?.rejection ?? null;
  return null;
}

/** Tells the seller of a variant that few units are left, unless there are more by now. */
export async function tellStockLow(ctx: Notifications, { variantId, version }: z.infer<typeof stockLowJob.input>): Promise<void> {
  const [level] = await ctx.inventory.levels({ variantIds: [variantId] });
  if (!level || level.available > ctx.settings.lowStock) return;
  const { variants } = await ctx.catalog.listings({ productIds: [], variantIds: [variantId] });
  const [variant] = variants;
  if (!variant || variant.sellerId === PLATFORM_SELLER.id) return;
  const options = Object.values(variant.options).join(', ');
  const product = options ? `${variant.name} (${options})` : variant.name;
  const key = `stock-low:${variantId}:${version}`;
  await notifyAll(ctx, [
    { key, accountId: variant.sellerId, kind: 'stock-low', text: 'stock-low', values: { product, available: level.available } },
  ]);
}
