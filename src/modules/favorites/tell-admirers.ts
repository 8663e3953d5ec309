import type { z } from 'zod';
import type { Product } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import type { Favorites } from './context.ts';
import { tellAdmirersJob } from './jobs.ts';

type News = z.infer<typeof tellAdmirersJob.input>;

/** How many are told at once. */
export const AT_ONCE = 500;

/**
 * Tells the next of those who asked, if the news is still true. A product may have 100,000 admirers: each run tells 500 and asks for the
 * next run. A run that is repeated after a crash tells nobody again, because each notice has the key of the event and the person.
 */
export async function tellAdmirers(ctx: Favorites, input: News): Promise<void> {
  const { eventId, productId, news, after } = input;
  const [product] = await ctx.catalog.shown({ ids: [productId] });
  if (!product || !isStillTrue(product, input)) return;
  const admirers = await ctx.db.many<{ accountId: string }>(admirersOf(productId, news.kind, after, AT_ONCE));
  const last = admirers.at(-1);
  if (!last) return;
  await ctx.notifications.notifyAll({
    kind: news.kind,
    values: { product: product.name, ...(news.kind === 'price-fell' ? { from: news.from, to: news.to } : {}) },
    notices: admirers.map(({ accountId }) => ({ key: `${news.kind}:${eventId}:${accountId}`, accountId })),
  });
  if (admirers.length === AT_ONCE)
    await ctx.db.transaction(async (tx) => enqueue(tx, tellAdmirersJob, { ...input, after: last.accountId }, { cause: ctx.cause }));
}

function isStillTrue({ variants }: Product, { variantId, news }: News): boolean {
  const variant = variants.find(({ id }) => id === variantId);
  if (!variant) return false;
  return news.kind === 'back-in-stock' ? variant.stock > 0 : variant.price.amount <= news.to.amount;
}

/** Those who asked to be told this of a product, by account. Each kind has an index of its own. */
export const admirersOf = (productId: string, kind: News['news']['kind'], after: string | null, rows: number): Sql => sql`
  select account_id as "accountId" from favorites.favorites
  where ${kind === 'back-in-stock' ? sql`back_in_stock` : sql`price_fell`} and subject_id = ${productId}
    ${after ? sql`and account_id > ${after}` : sql``}
  order by account_id limit ${rows}`;
