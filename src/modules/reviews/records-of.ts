import { sql } from '#kernel/database.ts';
import type { ReviewRecord } from '#reviews';
import type { Reviews } from './context.ts';
import { COLUMNS, type ReviewRow } from './review.ts';

/** What a customer has written, for them to take along. */
export async function recordsOf(ctx: Reviews, { customer, limit }: { customer: string; limit: number }): Promise<ReviewRecord[]> {
  const rows = await ctx.db.many<ReviewRow>(sql`
    select ${COLUMNS} from reviews.reviews where customer_id = ${customer} and erased_at is null order by id desc limit ${limit}`);
  return rows.map((row) => ({
    id: row.id,
    product: { id: row.product_id, name: row.product_name },
    rating: row.rating,
    comment: row.comment,
    state: row.state,
    createdAt: row.created_at.toISOString(),
  }));
}
