import type { z } from 'zod';
import type { NamedProduct } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import type { CurrencyCode } from '#kernel/money.ts';
import type { Catalog } from './context.ts';

interface GoodRow {
  id: string;
  name: string;
  amount: number;
  currency: CurrencyCode;
  stock: number;
}

/** Names and prices of the products in stock, by name. */
export async function listNamedProducts(
  ctx: Catalog,
  { after, limit }: { after: { name: string; id: string } | null; limit: number },
): Promise<z.infer<typeof NamedProduct>[]> {
  const rows = await ctx.db.many<GoodRow>(namedProductsPage(after, limit));
  return rows.map(({ id, name, amount, currency, stock }) => ({ name, price: { amount, currency }, stock, productId: id }));
}

export const namedProductsPage = (after: { name: string; id: string } | null, limit: number): Sql => sql`
  select product.id, product.name, product.price_amount as amount, product.price_currency as currency,
         (select sum(stock)::bigint from catalog.variants where product_id = listed.id) as stock
  from (
    select id, name_key from catalog.listings
    where in_stock ${after ? sql`and (name_key, id) > (left(catalog.key(${after.name}), 200), ${after.id}::uuid)` : sql``}
    order by name_key, id limit ${limit}
  ) as listed join catalog.products product using (id)
  order by listed.name_key, listed.id`;
