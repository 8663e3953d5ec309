import { z } from 'zod';
import type { Database } from '#kernel/database.ts';
import { sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { existing, type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Id } from '#kernel/shapes.ts';
import type { Favorites } from './context.ts';
import { type Favorite, type FavoriteRow, favoriteByKey, favoriteInsert, favoriteOf, lockPerson, Notify } from './favorite.ts';
import { favoriteView, isPublic, shownFavorites, subjectsOf } from './shown-favorites.ts';

export const NotifyChanges = Notify.partial().strict();

export const AddFavorite = z
  .strictObject({ productId: Id.optional(), userId: Id.optional(), notify: NotifyChanges.optional() })
  .refine(({ productId, userId }) => (productId === undefined) !== (userId === undefined), {
    error: 'give either a product or a person',
    path: ['productId'],
  })
  .refine(({ userId, notify = {} }) => userId === undefined || !Object.values(notify).includes(true), {
    error: 'there is something to be told of products only',
    path: ['notify'],
  })
  .meta({ example: { productId: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01', notify: { backInStock: true } } });

export const tooManyFavorites = problem({
  code: 'favorites/too-many',
  status: 409,
  title: 'You have too many favorites',
  members: { most: z.int() },
  detail: ({ most }) => `An account may have ${most} favorites. Remove one first.`,
});

/**
 * Adds a public product, or a person with a public profile, to the caller's favorites: once, however often it is asked for. What the
 * call says of notices counts also where the favorite exists.
 */
export async function addFavorite(
  ctx: Favorites,
  { productId, userId, notify = {} }: z.infer<typeof AddFavorite>,
  key: Key | undefined,
): Promise<Favorite | Replayed<Favorite>> {
  const accountId = ctx.actor.id;
  const added = await addedBy(ctx.db, accountId, key);
  if (added) return replay(ctx, added);
  const kind = productId === undefined ? 'user' : 'product';
  const subjectId = (productId ?? userId)!;
  const about = { kind, subject_id: subjectId } as const;
  const subject = (await subjectsOf(ctx, [about]))(about);
  const row = isPublic(subject) ? await insert(ctx, { accountId, kind, subjectId, notify, key }) : undefined;
  if (row && 'twin' in row) return replay(ctx, row.twin);
  if (row) {
    if (ctx.request) ctx.request.subject = row.id;
    return favoriteView(row, subject);
  }
  const earlier = await ctx.db.maybe<FavoriteRow>(favoriteOf(accountId, kind, subjectId, notify));
  if (!earlier) throw isPublic(subject) ? tooManyFavorites({ most: ctx.settings.perAccount }) : notFound();
  return existing(favoriteView(earlier, subject));
}

type Wanted = Pick<Parameters<typeof favoriteInsert>[0], 'accountId' | 'kind' | 'subjectId' | 'notify' | 'key'>;

/** The favorite that a call with this key has added. @throws keyReused */
const addedBy = async (db: Database, accountId: string, key: Key | undefined): Promise<FavoriteRow | undefined> =>
  key && sameCall(key, db.maybe<FavoriteRow>(favoriteByKey(accountId, key.value)));

const replay = async (ctx: Favorites, row: FavoriteRow): Promise<Replayed<Favorite>> => replayed((await shownFavorites(ctx, [row]))[0]!);

/** @throws notFound when the caller's account is being closed. */
const insert = (ctx: Favorites, wanted: Wanted): Promise<FavoriteRow | { twin: FavoriteRow } | undefined> =>
  ctx.db.transaction(async (tx) => {
    const { closing } = await tx.one<{ closing: boolean }>(lockPerson(wanted.accountId));
    if (closing) throw notFound();
    const twin = await addedBy(tx, wanted.accountId, wanted.key);
    if (twin) return { twin };
    return tx.maybe<FavoriteRow>(favoriteInsert({ ...wanted, id: newId(), most: ctx.settings.perAccount, at: ctx.clock.now() }));
  });
