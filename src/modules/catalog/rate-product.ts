import { type Sql, sql } from '#kernel/database.ts';
import type { Nothing } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';

interface Rating {
  productId: string;
  count: number;
  /** Of 1 to 5, two decimals; null where there are no reviews. */
  average: number | null;
  version: number;
}

/** Shows what reviews say of a product. Told twice it stands once; an older rating that comes late is passed over. */
export async function rateProduct(ctx: Catalog, rating: Rating): Promise<Nothing> {
  await ctx.db.many(ratingCopy(rating));
  return {};
}

export const ratingCopy = ({ productId, count, average, version }: Rating): Sql =>
  sql`select catalog.copy_rating(${productId}::uuid, ${count}::int, ${average}::numeric, ${version}::bigint)`;
