import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { pageOf } from '#kernel/cursors.ts';
import { join, raw, type Sql, sql } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import { Cursor, foldUsername, Limit, type Page } from '#kernel/shapes.ts';
import type { Reviews } from './context.ts';
import { COLUMNS, type Review, type ReviewRow, reviewView } from './review.ts';

export const ReviewsQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  sort: z
    .enum(['newest', '-rating', 'rating'])
    .default('newest')
    .meta({ description: 'Newest first; best first, the newer before the older; worst first, the older before the newer' }),
});
type ReviewsQuery = z.infer<typeof ReviewsQuery>;

const isModerator = (ctx: Reviews): boolean => ctx.actor.permissions.has('reviews:moderate');

/** The reviews of a product. Staff who moderate see hidden ones too. */
export const listReviewsOf = (ctx: Reviews, productId: string, query: ReviewsQuery): Promise<Page<Review>> =>
  pageOfReviews(ctx, { productId: productId.toLowerCase() }, isModerator(ctx), query);

/** The reviews of a customer. The customer, and staff who moderate, see hidden ones too. */
export const listReviewsBy = (ctx: Reviews, username: string, query: ReviewsQuery): Promise<Page<Review>> => {
  const writtenBy = foldUsername(username);
  return pageOfReviews(ctx, { writtenBy }, isModerator(ctx) || writtenBy === foldUsername(ctx.actor.username), query);
};

/** One review: published ones for all; hidden ones for their author, and for staff who moderate. */
export async function readReview(ctx: Reviews, id: string): Promise<Review> {
  const row = await ctx.db.maybe<ReviewRow>(reviewById(id, isModerator(ctx) ? 'staff' : ctx.actor.id));
  if (!row) throw notFound();
  if (row.state !== 'published') readsDataOf(ctx, row.customer_id);
  return reviewView(row, isModerator(ctx) || row.customer_id === ctx.actor.id);
}

/** A review as somebody sees it: staff, an account, or an anonymous reader (no id). */
export const reviewById = (id: string, viewer: string): Sql => sql`
  select ${COLUMNS} from reviews.reviews
  where id = ${id} and erased_at is null ${
    viewer === 'staff' ? sql`` : viewer === '' ? sql`and state = 'published'` : sql`and (state = 'published' or customer_id = ${viewer})`
  }`;

/** The reviews of a product, or by a customer. */
export type Listed = { productId: string } | { writtenBy: string };

const pageOfReviews = (ctx: Reviews, listed: Listed, isInsider: boolean, { sort, ...query }: ReviewsQuery): Promise<Page<Review>> =>
  pageOf(ctx, `reviews:${JSON.stringify(listed)}:${sort}`, query, {
    rows: (after) => ctx.db.many<ReviewRow>(reviewsPage({ listed, isInsider, sort, after, limit: query.limit })),
    position: (row) => (sort === 'newest' ? [row.id] : [row.rating, row.id]),
    item: (row) => {
      if (row.state !== 'published') readsDataOf(ctx, 'writtenBy' in listed ? row.customer_id : null);
      return reviewView(row, isInsider);
    },
  });

interface ListOfReviews {
  listed: Listed;
  /** Hidden ones too. */
  isInsider: boolean;
  sort: ReviewsQuery['sort'];
  /** The sort values of the last review of the page before. */
  after: readonly unknown[] | undefined;
  limit: number;
}

/** Each order is made total by the id, which is the time of writing too, all in one direction: that of an index. */
const ORDERS = {
  newest: { columns: 'id', order: 'id desc', beyond: raw('<') },
  '-rating': { columns: 'rating, id', order: 'rating desc, id desc', beyond: raw('<') },
  rating: { columns: 'rating, id', order: 'rating, id', beyond: raw('>') },
};

/** One page, and at least one row more, which shows whether there is another page. */
export function reviewsPage({ listed, isInsider, sort, after, limit }: ListOfReviews): Sql {
  const { columns, order, beyond } = ORDERS[sort];
  const conditions = [
    'productId' in listed ? sql`product_id = ${listed.productId}` : sql`username_key = ${listed.writtenBy}`,
    isInsider ? sql`erased_at is null` : sql`state = 'published'`,
  ];
  if (after) conditions.push(sql`(${raw(columns)}) ${beyond} (${join([...after])})`);
  return sql`select ${COLUMNS} from reviews.reviews where ${join(conditions, ' and ')} order by ${raw(order)} limit ${fetched(limit)}`;
}

/** The limit is in the SQL text, in two sizes, so that the planner knows that it is small. */
const fetched = (limit: number): Sql => raw(limit <= 20 ? '21' : '101');
