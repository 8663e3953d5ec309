import { z } from 'zod';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { NotifyChanges } from './add-favorite.ts';
import type { Favorites } from './context.ts';
import { type Favorite, type FavoriteRow, favoriteById, favoriteDelete, favoriteUpdate } from './favorite.ts';
import { shownFavorites } from './shown-favorites.ts';

export const ChangeFavorite = z.strictObject({ notify: NotifyChanges }).meta({ example: { notify: { priceFell: true } } });

export const nothingToTell = problem({
  code: 'favorites/nothing-to-tell',
  status: 409,
  title: 'This favorite sends no notices',
  detail: 'Notices are for products. This favorite is a person.',
});

/** Changes what is told of a favorite; what is absent does not change. @throws notFound, nothingToTell */
export async function changeFavorite(
  ctx: Favorites,
  id: string,
  { notify }: z.infer<typeof ChangeFavorite>,
  ifMatch: Precondition | undefined,
): Promise<Favorite> {
  const row = await ctx.db.transaction(async (tx) => {
    const found = await tx.maybe<FavoriteRow>(favoriteById(id, ctx.actor.id));
    if (!found) throw notFound();
    demandVersion(ifMatch, found.version);
    if (found.kind === 'user' && Object.values(notify).includes(true)) throw nothingToTell();
    return tx.one<FavoriteRow>(favoriteUpdate(id, ctx.actor.id, notify));
  });
  return (await shownFavorites(ctx, [row]))[0]!;
}

/** @throws notFound when it is not among the caller's. */
export async function removeFavorite(ctx: Favorites, id: string, ifMatch: Precondition | undefined): Promise<undefined> {
  await ctx.db.transaction(async (tx) => {
    const found = await tx.maybe<FavoriteRow>(favoriteById(id, ctx.actor.id));
    if (!found) throw notFound();
    demandVersion(ifMatch, found.version);
    await tx.execute(favoriteDelete(id, ctx.actor.id));
  });
}
