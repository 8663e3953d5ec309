import { sql } from '#kernel/database.ts';
import type { Reviews } from './context.ts';

/** Why it was decided so about a review, for its author; null where nobody said why, or it is erased. */
export const reasonOf = async ({ db }: Reviews, { reviewId }: { reviewId: string }): Promise<{ reason: string | null }> =>
  (await db.maybe<{ reason: string | null }>(sql`select reason from reviews.reviews where id = ${reviewId}`)) ?? { reason: null };
