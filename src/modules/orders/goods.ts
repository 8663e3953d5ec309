import { z } from 'zod';
import type { Good } from '#catalog';
import { pageOf } from '#kernel/cursors.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { Orders } from './context.ts';

export const GoodsQuery = z.object({ limit: Limit, cursor: Cursor });

/** Names and prices of the products in stock, by name. */
export const listGoods = (ctx: Orders, query: z.infer<typeof GoodsQuery>): Promise<Page<z.infer<typeof Good>>> =>
  pageOf(ctx, 'goods', query, {
    rows: (after, limit) => ctx.catalog.goods({ after: after ? { name: after[0] as string, id: after[1] as string } : null, limit }),
    position: (good) => [good.name, good.productId],
    item: (good) => good,
  });
