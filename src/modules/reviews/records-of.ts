import { sql } from '#kernel/database.ts';
import type { FlagRecord, ReviewRecord } from '#reviews';
import type { Reviews } from './context.ts';
import { type FlagRow, flagsBy, flagView } from './flag.ts';
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
    verifiedPurchase: row.verified_purchase,
    state: row.state,
    reason: row.reason,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }));
}

/** The flags that somebody has raised, for them to take along. */
export async function flagsOf(ctx: Reviews, { person, limit }: { person: string; limit: number }): Promise<FlagRecord[]> {
  return (await ctx.db.many<FlagRow>(flagsBy(person, limit))).map(flagView);
}
