import { type Sql, sql, type Transaction } from '#kernel/database.ts';
import { changed, emit, enqueue } from '#kernel/events.ts';
import { summaryChanged } from '#reviews';
import { sendRatingJob } from './jobs.ts';
import type { ReviewState } from './review-state.ts';

export interface Summary {
  product_id: string;
  count: number;
  sum: number;
  version: number;
}

/** As much of a review as its product's summary needs. */
interface Counted {
  state: ReviewState;
  rating: number;
}

/** A review before and after; null where there was none, or is none any more. */
export interface Change {
  productId: string;
  before: Counted | null;
  after: Counted | null;
}

/** What a public page shows that lists the reviews of a product. */
export const reviewsTopic = (productId: string): string => `reviews:${productId}`;

/**
 * Updates the summaries of products in the transaction that changed their reviews, enqueues the call of catalog, and drops what public
 * pages show of the reviews. A change of a review locks its row first; the summaries are locked after it, in the order of their products.
 */
export async function changeSummaries(tx: Transaction, changes: readonly Change[]): Promise<void> {
  const seen = changes.filter(({ before, after }) => before?.state === 'published' || after?.state === 'published');
  changed(tx, [...new Set(seen.map(({ productId }) => reviewsTopic(productId)))], 'here');
  const differences = changes.map(differenceOf).filter(({ count, sum }) => count !== 0 || sum !== 0);
  if (differences.length === 0) return;
  for (const { product_id: productId, count, sum, version } of await tx.many<Summary>(summaryUpdate(differences))) {
    emit(tx, summaryChanged, productId, { productId, count, sum, version });
    enqueue(tx, sendRatingJob, { productId });
  }
}

interface Difference {
  productId: string;
  count: number;
  sum: number;
}

function differenceOf({ productId, before, after }: Change): Difference {
  const [was, is] = [countOf(before), countOf(after)];
  return { productId, count: is.count - was.count, sum: is.sum - was.sum };
}

/** Only what is public counts. */
const countOf = (review: Counted | null) => (review?.state === 'published' ? { count: 1, sum: review.rating } : { count: 0, sum: 0 });

export const summaryUpdate = (differences: readonly Difference[]): Sql => sql`
  insert into reviews.summaries as summary (product_id, count, sum, version)
  select product_id, count, sum, 1
  from unnest(${differences.map(({ productId }) => productId)}::uuid[], ${differences.map(({ count }) => count)}::int[], ${differences.map(({ sum }) => sum)}::bigint[]) as difference (product_id, count, sum)
  order by product_id
  on conflict (product_id) do update set count = summary.count + excluded.count, sum = summary.sum + excluded.sum, version = summary.version + 1
  returning product_id, count, sum, version`;

export const summaryOf = (productId: string): Sql =>
  sql`select product_id, count, sum, version from reviews.summaries where product_id = ${productId}`;

/** The mean of the ratings, two decimals; null where there are none. */
export const averageOf = ({ count, sum }: Summary): number | null => (count === 0 ? null : Math.round((sum * 100) / count) / 100);
