import type { z } from 'zod';
import type { Product } from '#catalog';
import type { Favorites } from './context.ts';
import { type Favorite, type FavoriteProduct, type FavoriteRow, type FavoriteUser, recordOf } from './favorite.ts';

type About = Pick<FavoriteRow, 'kind' | 'subject_id'>;
/** What a favorite is about, as everybody sees it; null while it is not public. */
type Subject = { product: z.infer<typeof FavoriteProduct> | null } | { user: z.infer<typeof FavoriteUser> | null };

/** What favorites are about, for at most 100 of them. Catalog, identity and profiles are asked once each, and only where there is something to ask. */
export async function subjectsOf(ctx: Favorites, favorites: readonly About[]): Promise<(about: About) => Subject> {
  const idsOf = (kind: FavoriteRow['kind']) => favorites.filter((about) => about.kind === kind).map((about) => about.subject_id);
  const [productIds, userIds] = [idsOf('product'), idsOf('user')];
  const shown = productIds.length > 0 ? await ctx.catalog.shown({ ids: productIds }) : [];
  const accounts = userIds.length > 0 ? await ctx.identity.findAccounts({ ids: userIds }) : [];
  const products = new Map(shown.map((product) => [product.id, partOf(product)]));
  const active = accounts.filter((account) => account.active);
  const pictures = active.length > 0 ? await ctx.profiles.pictures({ accountIds: active.map(({ id }) => id) }) : [];
  const pictureOf = new Map(pictures.map(({ accountId, image }) => [accountId, image]));
  const users = new Map(active.map(({ id, username }) => [id, { id, username, picture: pictureOf.get(id) ?? null }]));
  return ({ kind, subject_id: id }) => (kind === 'product' ? { product: products.get(id) ?? null } : { user: users.get(id) ?? null });
}

const partOf = ({ id, name, price, stock, images, seller, rating }: Product) => ({ id, name, price, stock, images, seller, rating });

export const isPublic = (subject: Subject): boolean => ('product' in subject ? subject.product : subject.user) !== null;

export const favoriteView = (row: FavoriteRow, subject: Subject): Favorite => ({ ...recordOf(row), ...subject });

/** Favorites with what they are about. */
export async function shownFavorites(ctx: Favorites, rows: readonly FavoriteRow[]): Promise<Favorite[]> {
  const subjectOf = await subjectsOf(ctx, rows);
  return rows.map((row) => favoriteView(row, subjectOf(row)));
}
