import type { Whose } from '#kernel/account-life.ts';
import { inBatches } from '#kernel/batches.ts';
import { sql } from '#kernel/database.ts';
import type { Catalog } from './context.ts';
import { writeCopies } from './product-copies.ts';
import { forgetImages } from './product-images.ts';

const BATCH = 200;

/** Replaces the name of a seller whose account was erased. */
const NOBODY = 'deleted user';

/** Archives all that a seller has listed, and takes the name out of every copy; some at a time. A crash leaves the rest to the next call. */
export async function forgetSeller(ctx: Catalog, { accountId: sellerId }: Whose): Promise<void> {
  await inBatches(BATCH, () =>
    ctx.db.transaction(async (tx) => {
      const rows = await tx.many<{ id: string }>(sql`
        update catalog.products
        set state = 'archived', pending = null, rejection = null, image_due_at = null, seller_username = ${NOBODY}, version = version + 1
        where id in (select id from catalog.products where seller_id = ${sellerId} and seller_username <> ${NOBODY} order by id limit ${BATCH} for no key update)
        returning id`);
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) {
        await forgetImages(tx, ids);
        await writeCopies(tx, ids);
      }
      return rows.length;
    }),
  );
}
