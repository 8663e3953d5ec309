import { PRODUCTS, productTopic } from '#catalog';
import type { Level } from '#inventory';
import { type Database, type Sql, sql, type Transaction } from '#kernel/database.ts';
import { changed } from '#kernel/events.ts';
import type { Pending } from './product.ts';
import { type ProductSource, publicProduct } from './product-document.ts';
import type { ProductState } from './product-state.ts';

/** The stock of a product's variants, in their order, for `unitsIn`; of rows of `catalog.products`. */
export const UNITS = sql`(select string_agg(stock::text, ',' order by position) from catalog.variants where product_id = products.id) as units`;

export interface SourceRow extends ProductSource {
  pending: Pending | null;
  rejection: string | null;
  /** As it is stored. */
  document: string;
  units: string | null;
}

export const sourcesOf = (ids: readonly string[]): Sql => sql`
  select id, name, category, type, brand, description, translations, seller_id, seller_username, rating_average::float8, rating_count, state, created_at, version,
         (select json_agg(json_build_object('id', variant.id, 'sku', sku, 'options', options, 'amount', price_amount, 'currency', price_currency, 'stock', stock) order by position)
          from catalog.variants variant where product_id = products.id) as variants,
         (select json_agg(image || jsonb_build_object('alt', alt) order by position)
          from catalog.product_images image where product_id = products.id and position is not null) as images,
         pending, rejection, document, ${UNITS}
  from catalog.products where id = any(${ids}::uuid[])`;

/**
 * Recomputes everything that is derived from products: their documents, and what lists know of them. Two statements for all; give a few
 * hundred at most. The rows must be locked by this transaction, or new. @returns what they were made of.
 */
export async function writeCopies(tx: Transaction, ids: readonly string[]): Promise<SourceRow[]> {
  const sources = await documented(tx, ids);
  const shown = sources.filter(({ state }) => !NEVER_PUBLIC.has(state));
  if (shown.length > 0) changed(tx, [PRODUCTS, ...shown.map(({ id }) => productTopic(id))]);
  await tx.many(
    sql`select catalog.store_copies(${sources.map(({ id }) => id)}::uuid[], ${sources.map(({ document }) => document)}::text[])`,
  );
  return sources;
}

/** States of products that no public page has shown yet: no way leads back to them (product-state.ts). */
const NEVER_PUBLIC: ReadonlySet<string> = new Set(['draft', 'submitted', 'rejected'] satisfies ProductState[]);

/** The sources with fresh documents. */
export const documented = async (db: Database, ids: readonly string[]): Promise<SourceRow[]> =>
  (await db.many<SourceRow>(sourcesOf(ids))).map((source) => ({ ...source, document: JSON.stringify(publicProduct(source)) }));

/** Copies levels that are newer than their copies. */
export const stockCopy = (levels: readonly Pick<Level, 'variantId' | 'available' | 'version'>[]): Sql => sql`
  select catalog.copy_stock(${levels.map(({ variantId }) => variantId)}::uuid[], ${levels.map(({ available }) => available)}::bigint[],
                            ${levels.map(({ version }) => version)}::bigint[])`;
