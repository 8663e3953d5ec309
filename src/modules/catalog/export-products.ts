import type { z } from 'zod';
import type { catalog } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import type { Catalog } from './context.ts';

type Export = typeof catalog.operations.exportProducts;

/** A page of a seller's products, for a file. */
export const exportProducts = (ctx: Catalog, page: z.infer<Export['input']>): Promise<z.infer<Export['output']>> =>
  ctx.db.many(exportPage(page));

export const exportPage = ({ sellerId, after, limit }: z.infer<Export['input']>): Sql => sql`
  select id, name, category, type, brand, description, translations,
         (select json_agg(json_build_object('sku', sku, 'options', options, 'stock', stock,
                                            'price', json_build_object('amount', price_amount, 'currency', price_currency)) order by position)
          from catalog.variants variant where variant.product_id = product.id) as variants,
         coalesce((select json_agg(json_build_object('url', picture.image ->> 'url', 'alt', picture.alt) order by position)
                   from catalog.product_images picture where picture.product_id = product.id and position is not null), '[]') as images
  from catalog.products product
  where seller_id = ${sellerId} and state <> 'archived' ${after ? sql`and id > ${after}` : sql``}
  order by id limit ${limit}`;
