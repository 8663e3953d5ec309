import type { z } from 'zod';
import type { catalog } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import type { Catalog } from './context.ts';

type Export = typeof catalog.operations.exportProducts;
type Page = z.infer<Export['input']>;

/** What another process is sent at once, and one product more. */
const MOST_BYTES = 2 * 1024 * 1024;

/** A page of a seller's products, for a file. */
export const exportProducts = (ctx: Catalog, page: Page): Promise<z.infer<Export['output']>> => ctx.db.many(exportPage(page));

export const exportPage = (page: Page): Sql => sql`
  select id, name, category, type, brand, description, translations, variants, images
  from (select page.*, sum(octet_length(page::text)) over (order by id rows between unbounded preceding and 1 preceding) as before
        from (${productsPage(page)}) page) sized
  where before is null or before < ${MOST_BYTES} order by id`;

const productsPage = ({ sellerId, after, limit }: Page): Sql => sql`
  select id, name, category, type, brand, description, translations,
         (select json_agg(json_build_object('sku', sku, 'options', options, 'stock', stock,
                                            'price', json_build_object('amount', price_amount, 'currency', price_currency)) order by position)
          from catalog.variants variant where variant.product_id = product.id) as variants,
         coalesce((select json_agg(json_build_object('url', picture.image ->> 'url', 'alt', picture.alt) order by position)
                   from catalog.product_images picture where picture.product_id = product.id and position is not null), '[]') as images
  from catalog.products product
  where seller_id = ${sellerId} and state <> 'archived' ${after ? sql`and id > ${after}` : sql``}
  order by id limit ${limit}`;
