import { z } from 'zod';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { Favorites } from './context.ts';
import { type Favorite, FavoriteKind, type FavoriteRow, favoritesPage } from './favorite.ts';
import { shownFavorites } from './shown-favorites.ts';

export const FavoritesQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  kind: FavoriteKind.optional().meta({ description: 'Only products, or only people', example: 'product' }),
});

/** The caller's favorites, newest first. */
export async function listFavorites(ctx: Favorites, { kind, ...query }: z.infer<typeof FavoritesQuery>): Promise<Page<Favorite>> {
  const { items, nextCursor } = await pageOf(ctx, `favorites:${ctx.actor.id}:${kind ?? ''}`, query, {
    rows: (after, rows) => ctx.db.many<FavoriteRow>(favoritesPage(ctx.actor.id, kind, idIn(after), rows)),
    position: (row) => [row.id],
    item: (row) => row,
  });
  return { items: await shownFavorites(ctx, items), nextCursor };
}
