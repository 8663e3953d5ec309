import { PRODUCTS, productTopic } from '#catalog';
import { sql } from '#kernel/database.ts';
import { changed } from '#kernel/events.ts';
import type { Nothing } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';
import { documented } from './product-copies.ts';

interface Rating {
  productId: string;
  count: number;
  /** Of 1 to 5, two decimals; null where there are no reviews. */
  average: number | null;
  version: number;
}

/** Sets the rating of a product from its reviews. A repeated call changes nothing, and an older rating that comes late is ignored. */
export async function rateProduct(ctx: Catalog, { productId, count, average, version }: Rating): Promise<Nothing> {
  await ctx.db.transaction(async (tx) => {
    const rated = await tx.execute(sql`
      update catalog.products set rating_count = ${count}, rating_average = ${average}, rating_version = ${version}
      where id = ${productId} and rating_version < ${version}`);
    const [row] = rated === 0 ? [] : await documented(tx, [productId]);
    if (!row) return;
    changed(tx, [PRODUCTS, productTopic(productId)], 'here');
    await tx.execute(sql`
      with shown as (update catalog.products set document = ${row.document} where id = ${productId})
      update catalog.listings set rating_rank = catalog.rating_rank(${average}, ${count}) where id = ${productId}`);
  });
  return {};
}
