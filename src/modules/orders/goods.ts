import { z } from 'zod';
import type { Good } from '#catalog';
import { cursorAfter, readCursor } from '#kernel/cursors.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { Orders } from './context.ts';

export const GoodsQuery = z.object({ limit: Limit, cursor: Cursor });

/** Names and prices of the products in stock, by name. */
export async function listGoods(ctx: Orders, { limit, cursor }: z.infer<typeof GoodsQuery>): Promise<Page<z.infer<typeof Good>>> {
  const position = readCursor(ctx.secrets, 'goods', cursor);
  const after = position ? { name: position[0] as string, id: position[1] as string } : null;
  const goods = await ctx.catalog.goods({ after, limit: limit + 1 });
  const items = goods.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: goods.length > limit && last ? cursorAfter(ctx.secrets, 'goods', [last.name, last.productId]) : null };
}
