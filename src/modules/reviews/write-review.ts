import { z } from 'zod';
import type { Database } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import { refuseOtherBody } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { notFound, problem, stillRunning } from '#kernel/problems.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Id } from '#kernel/shapes.ts';
import { screened } from '#moderation';
import type { Reviews } from './context.ts';
import { requestModerationJob } from './jobs.ts';
import { Comment, Rating, type Review, type ReviewRow, reviewByKey, reviewIdOf, reviewInsert, reviewView } from './review.ts';
import { changeSummaries } from './summary.ts';

export const WriteReview = z.strictObject({ rating: Rating, comment: Comment });

export const alreadyReviewed = problem({
  code: 'reviews/already-reviewed',
  status: 409,
  title: 'You have already reviewed this product',
  members: { reviewId: Id },
  detail: ({ reviewId }) =>
    `A customer may review a product once. Your review is ${reviewId}; change it with PATCH /v1/reviews/${reviewId}.`,
});

export const ownProduct = problem({
  code: 'reviews/own-product',
  status: 409,
  title: 'This is your own product',
  detail: 'Sellers may not review their own products.',
});

/**
 * Writes the review of a public product by a customer, once per customer and product. Whether they bought it is looked up now and
 * stored. A text that a person must read first is not shown until then.
 */
export async function writeReview(
  ctx: Reviews,
  productId: string,
  input: z.infer<typeof WriteReview>,
  key: Key | undefined,
): Promise<Review | Replayed<Review>> {
  const customer = { id: ctx.actor.id, username: ctx.actor.username };
  const [product] = await ctx.catalog.brief({ ids: [productId] });
  if (!product || product.sellerId === customer.id) {
    const same = await sameCall(ctx.db, key); // a repeated call gets the same answer, even if the product has changed
    if (same) return same;
    throw product ? ownProduct() : notFound();
  }
  const { waits, rules } = await screened(ctx, [input.comment]);
  const state = waits ? ('pending' as const) : ('published' as const);
  const { bought } = await ctx.orders.hasBought({ buyer: customer.id, productId: product.id });
  const review = { ...input, id: newId(), product, customer, verifiedPurchase: bought, state, at: ctx.clock.now() };
  return ctx.db.transaction(async (tx) => {
    const row = await tx.maybe<ReviewRow>(reviewInsert(review, key));
    if (!row) return earlierReview(tx, product.id, customer.id, key);
    await changeSummaries(tx, [{ productId: product.id, before: null, after: row }]);
    if (waits) enqueue(tx, requestModerationJob, { reviewId: row.id, rules });
    if (ctx.request) ctx.request.subject = row.id;
    return reviewView(row, true);
  });
}

/** What stood in the way: the same call, or another review by the customer. */
async function earlierReview(db: Database, productId: string, customerId: string, key: Key | undefined): Promise<Replayed<Review>> {
  const same = await sameCall(db, key);
  if (same) return same;
  const other = await db.maybe<{ id: string }>(reviewIdOf(productId, customerId));
  if (other) throw alreadyReviewed({ reviewId: other.id });
  throw stillRunning({ retryAfterSeconds: 1 }); // it was deleted this very moment
}

async function sameCall(db: Database, key: Key | undefined): Promise<Replayed<Review> | undefined> {
  const row = key && (await db.maybe<ReviewRow>(reviewByKey(key)));
  if (!key || !row) return undefined;
  refuseOtherBody(row, key);
  return replayed(reviewView(row, true));
}
