import type { Whose } from '#kernel/account-life.ts';
import { inBatches } from '#kernel/batches.ts';
import { type Database, sql } from '#kernel/database.ts';
import { enqueue } from '#kernel/events.ts';
import type { Standing } from '#kernel/standing.ts';
import type { Catalog } from './context.ts';
import { pauseProductsJob } from './jobs.ts';
import { writeCopies } from './product-copies.ts';
import { productMachine } from './product-state.ts';

const BATCH = 200;

/** While its seller is suspended a product is not for sale: at once by this note, and out of every list by the job. */
export const standing: Standing<Catalog> = {
  suspended: (ctx, { accountId }) =>
    ctx.db.transaction(async (tx) => {
      await tx.execute(sql`insert into catalog.suspended_sellers (seller_id) values (${accountId}) on conflict do nothing`);
      enqueue(tx, pauseProductsJob, { accountId });
    }),
  reinstated: (ctx, { accountId }) =>
    ctx.db.transaction(async (tx) => {
      await tx.execute(sql`delete from catalog.suspended_sellers where seller_id = ${accountId}`);
      enqueue(tx, pauseProductsJob, { accountId });
    }),
};

/** Whether a seller is suspended; it stays so until this transaction ends. */
export const isSuspended = async (tx: Database, sellerId: string): Promise<boolean> =>
  (await tx.maybe(sql`select 1 from catalog.suspended_sellers where seller_id = ${sellerId} for share`)) !== undefined;

/** Pauses what a suspended seller has for sale, or puts it back; some at a time. A crash leaves the rest to the next run. */
export async function pauseProducts(ctx: Catalog, { accountId: sellerId }: Whose): Promise<void> {
  await inBatches(BATCH, () =>
    ctx.db.transaction(async (tx) => {
      const [command, to] = (await isSuspended(tx, sellerId)) ? (['pause', 'paused'] as const) : (['resume', 'approved'] as const);
      const rows = await tx.many<{ id: string }>(sql`
        update catalog.products set state = ${to}, version = version + 1
        where id in (select id from catalog.products where seller_id = ${sellerId} and ${productMachine.allows(command)} order by id limit ${BATCH} for no key update)
        returning id`);
      if (rows.length > 0)
        await writeCopies(
          tx,
          rows.map(({ id }) => id),
        );
      return rows.length;
    }),
  );
}
