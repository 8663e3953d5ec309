import { notFound, problem } from '#kernel/problems.ts';
import type { Platform } from './context.ts';
import { type Item, itemOf } from './item.ts';

/** That API has no pages, so there is an end to what it lists. */
const LISTED = 500;

export const noCategory = problem({
  code: 'platform/no-category',
  status: 400,
  title: 'The category is missing',
  detail: 'No "Category" query was provided',
});

interface Query {
  category?: string | undefined;
  type?: string | undefined;
  brand?: string | undefined;
}

/**
 * Public products of a category, the newest first; a brand counts only with a type. Prices are in the default currency there, so what
 * has a price in another one is not shown.
 */
export async function findItems(ctx: Platform, query: Query): Promise<Item[]> {
  const [category, type, brand] = [query.category?.trim(), query.type?.trim(), query.brand?.trim()];
  if (!category) throw noCategory();
  const products = await ctx.catalog.newest({
    category: category.toLowerCase(),
    ...(type ? { type, ...(brand ? { brand } : {}) } : {}),
    limit: LISTED,
  });
  return products.filter(({ price }) => price.currency === ctx.settings.defaultCurrency).map(itemOf);
}

/** One public product. */
export async function readItem(ctx: Platform, id: string): Promise<Item> {
  const [product] = await ctx.catalog.products({ ids: [id] });
  if (product?.state !== 'approved' || product.price.currency !== ctx.settings.defaultCurrency) throw notFound();
  return itemOf(product);
}
