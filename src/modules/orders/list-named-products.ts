import { z } from 'zod';
import type { NamedProduct } from '#catalog';
import { pageOf } from '#kernel/cursors.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { Orders } from './context.ts';

export const NamedProductsQuery = z.object({ limit: Limit, cursor: Cursor });

/** Names and prices of the products in stock, by name. */
export const listNamedProducts = (ctx: Orders, query: z.infer<typeof NamedProductsQuery>): Promise<Page<z.infer<typeof NamedProduct>>> =>
  pageOf(ctx, 'goods', query, {
    rows: (after, limit) =>
      ctx.catalog.productsByName({ after: after ? { name: after[0] as string, id: after[1] as string } : null, limit }),
    position: (product) => [product.name, product.productId],
    item: (product) => product,
  });
