import { z } from 'zod';
import type { Whose } from '#kernel/account-life.ts';
import { sql } from '#kernel/database.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { reviewStates } from '#reviews';
import type { Reviews } from './context.ts';
import { type FlagRow, flagsBy, flagView } from './flag.ts';
import { COLUMNS, type ReviewRow } from './review.ts';

/** A review in the export of its author. */
export const ReviewRecord = z.object({
  id: Id,
  product: z.object({ id: Id, name: z.string() }),
  rating: z.int(),
  comment: z.string(),
  verifiedPurchase: z.boolean(),
  state: z.enum(reviewStates),
  reason: z.string().nullable().meta({ description: 'Why it was decided so' }),
  createdAt: Time,
  updatedAt: Time,
});
type ReviewRecord = z.infer<typeof ReviewRecord>;

/** A flag in the export of who raised it. */
export const FlagRecord = z.object({ reviewId: Id, reason: z.string(), createdAt: Time });
type FlagRecord = z.infer<typeof FlagRecord>;

/** What a customer has written. */
export async function recordsOf(ctx: Reviews, { accountId: customer, limit }: Whose & { limit: number }): Promise<ReviewRecord[]> {
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

/** The flags that somebody has raised. */
export async function flagsOf(ctx: Reviews, { accountId: person, limit }: Whose & { limit: number }): Promise<FlagRecord[]> {
  return (await ctx.db.many<FlagRow>(flagsBy(person, limit))).map(flagView);
}
