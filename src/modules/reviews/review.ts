import { z } from 'zod';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { keyColumns } from '#kernel/idempotency.ts';
import type { Key } from '#kernel/routes.ts';
import { foldUsername, Id, isProse, isVisible, NOT_PROSE, Time } from '#kernel/shapes.ts';
import { reviewStates } from '#reviews';
import type { ReviewState } from './review-state.ts';

export const Rating = z.int('must be a whole number').min(1).max(5).meta({ description: 'Stars, 1 to 5', example: 5 });

/** Stored and returned exactly as it was typed: it is text, even if it looks like HTML. */
export const Comment = z
  .string()
  .max(5000)
  .refine(isVisible, 'must not be empty')
  .refine(isProse, NOT_PROSE)
  .meta({ example: 'It bends where I want it.' });

export const Review = z
  .object({
    id: Id,
    product: z.object({ id: Id, name: z.string() }),
    customer: z.object({ id: Id, username: z.string() }),
    rating: z.int(),
    comment: z.string(),
    verifiedPurchase: z.boolean().meta({ description: 'Whether the customer had an order of the product' }),
    state: z.enum(reviewStates),
    createdAt: Time,
    updatedAt: Time,
    version: z.int(),
    reason: z.string().optional().meta({ description: 'Why it was decided so; for its author and the staff' }),
  })
  .meta({ id: 'Review' });
export type Review = z.infer<typeof Review>;

/** What moderation calls a review. */
export const SUBJECT_KIND = 'review';
export const subjectOf = (reviewId: string) => ({ kind: SUBJECT_KIND, id: reviewId });

/** A row that was not erased. */
export interface ReviewRow {
  id: string;
  product_id: string;
  product_name: string;
  customer_id: string;
  username: string;
  rating: number;
  comment: string;
  verified_purchase: boolean;
  state: ReviewState;
  reason: string | null;
  version: number;
  created_at: Date;
  updated_at: Date;
  body_hash: string | null;
}

export const COLUMNS = sql`id, product_id, product_name, customer_id, username, rating, comment, verified_purchase, state, reason, version, created_at, updated_at, body_hash`;

export interface NewReview {
  id: string;
  product: { id: string; name: string };
  customer: { id: string; username: string };
  rating: number;
  comment: string;
  verifiedPurchase: boolean;
  state: ReviewState;
  at: Date;
}

/** Writes a review, unless its author has one of the product, or its key was used. */
export const reviewInsert = ({ product, customer, ...review }: NewReview, key: Key | undefined): Sql => {
  const columns = keyColumns(key);
  return sql`
    insert into reviews.reviews (id, product_id, product_name, customer_id, username, username_key, rating, comment, verified_purchase, state, created_at, updated_at, principal, idempotency_key, body_hash)
    values (${review.id}, ${product.id}, ${product.name}, ${customer.id}, ${customer.username}, ${foldUsername(customer.username)}, ${review.rating}, ${review.comment}, ${review.verifiedPurchase},
            ${review.state}, ${review.at}, ${review.at}, ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash})
    on conflict do nothing returning ${COLUMNS}`;
};

export const reviewByKey = (key: Key): Sql =>
  sql`select ${COLUMNS} from reviews.reviews where principal = ${key.principal} and idempotency_key = ${key.value}`;

export const reviewIdOf = (productId: string, customerId: string): Sql =>
  sql`select id from reviews.reviews where product_id = ${productId} and customer_id = ${customerId}`;

/** The row of a review that is to be changed, locked; `owner` null is staff. */
export const lockReview = (db: Database, id: string, owner: string | null): Promise<ReviewRow | undefined> => db.maybe(lockOf(id, owner));

export const lockOf = (id: string, owner: string | null): Sql => sql`
  select ${COLUMNS} from reviews.reviews
  where id = ${id} and erased_at is null and (${owner}::uuid is null or customer_id = ${owner}::uuid) for no key update`;

interface Changes {
  rating: number;
  comment: string;
  state: ReviewState;
  reason: string | null;
}

export const reviewUpdate = (id: string, { rating, comment, state, reason }: Changes, at: Date): Sql => sql`
  update reviews.reviews
  set rating = ${rating}, comment = ${comment}, state = ${state}, reason = ${reason}, version = version + 1, updated_at = ${at}
  where id = ${id} returning ${COLUMNS}`;

export const reviewDelete = (id: string): Sql => sql`delete from reviews.reviews where id = ${id}`;

/** Leaves of reviews only that they were: neither words nor names. */
export const reviewsErase = (ids: readonly string[], at: Date): Sql => sql`
  update reviews.reviews
  set state = 'removed', comment = null, username = null, username_key = null, reason = null, principal = null, idempotency_key = null, body_hash = null,
      version = version + 1, updated_at = ${at}, erased_at = ${at}
  where id = any(${ids}::uuid[])`;

/** The review as clients see it; why it was decided so is for its author and the staff. */
export const reviewView = (row: ReviewRow, isInsider: boolean): Review => ({
  id: row.id,
  product: { id: row.product_id, name: row.product_name },
  customer: { id: row.customer_id, username: row.username },
  rating: row.rating,
  comment: row.comment,
  verifiedPurchase: row.verified_purchase,
  state: row.state,
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
  version: row.version,
  ...(isInsider && row.reason !== null ? { reason: row.reason } : {}),
});
