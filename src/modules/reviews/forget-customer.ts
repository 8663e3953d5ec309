import type { Whose } from '#kernel/account-life.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import type { Reviews } from './context.ts';
import { flaggedAmong, flagReasonsErase, flagReasonsOfErase } from './flag.ts';
import { resolveItemJob } from './jobs.ts';
import { COLUMNS, type ReviewRow, reviewsErase } from './review.ts';
import { isWaiting } from './review-state.ts';
import { changeSummaries } from './summary.ts';

/** Erases what a customer wrote. Of each review an empty row is left, and it no longer counts; flags by them and of it stay, without reasons. */
export function forgetCustomer(ctx: Reviews, { accountId: customer }: Whose): Promise<void> {
  return ctx.db.transaction(async (tx) => {
    const rows = await tx.many<ReviewRow>(reviewsBy(customer));
    const ids = rows.map(({ id }) => id);
    await tx.execute(reviewsErase(ids, ctx.clock.now()));
    await tx.execute(flagReasonsOfErase(ids));
    await tx.execute(flagReasonsErase(customer)); // before the summaries: the order in which flags are resolved or deleted
    await changeSummaries(
      tx,
      rows.map((row) => ({ productId: row.product_id, before: row, after: null })),
    );
    const flagged = new Set((await tx.many<{ review_id: string }>(flaggedAmong(ids))).map(({ review_id }) => review_id));
    for (const { id, version } of rows.filter(({ id, state }) => isWaiting(state) || flagged.has(id)))
      enqueue(tx, resolveItemJob, { reviewId: id, version, decision: 'remove', by: customer });
  });
}

export const reviewsBy = (customer: string): Sql => sql`
  select ${COLUMNS} from reviews.reviews where customer_id = ${customer} and erased_at is null order by id for no key update`;
