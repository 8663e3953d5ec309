import { z } from 'zod';
import type { Database } from '#kernel/database.ts';
import { sameCall } from '#kernel/idempotency.ts';
import { newId } from '#kernel/ids.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { existing, type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Id } from '#kernel/shapes.ts';
import type { Favorites } from './context.ts';
import {
  callInsert,
  type Favorite,
  type FavoriteRow,
  favoriteByKey,
  favoriteInsert,
  favoriteOf,
  lockPerson,
  Notify,
  personLeaving,
} from './favorite.ts';
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
 * call says of notices counts also where the favorite exists. A repeated call with the same key changes nothing more.
 */
export async function addFavorite(
  ctx: Favorites,
  { productId, userId, notify = {} }: z.infer<typeof AddFavorite>,
  key: Key | undefined,
): Promise<Favorite | Replayed<Favorite>> {
  const accountId = ctx.actor.id;
  const known = await knownBy(ctx.db, accountId, key);
  if (known) return repeated(ctx, known);
  const kind = productId === undefined ? 'user' : 'product';
  const subjectId = (productId ?? userId)!;
  const about = { kind, subject_id: subjectId } as const;
  const subject = (await subjectsOf(ctx, [about]))(about);
  const outcome = await addOrFind(ctx, { accountId, kind, subjectId, notify, key }, isPublic(subject));
  if (!outcome) throw isPublic(subject) ? tooManyFavorites({ most: ctx.settings.perAccount }) : notFound();
  if ('twin' in outcome) return repeated(ctx, outcome.twin);
  if ('found' in outcome) return existing(favoriteView(outcome.found, subject), { isRepeated: false });
  return favoriteView(outcome.added, subject);
}

type Wanted = Pick<Parameters<typeof favoriteInsert>[0], 'accountId' | 'kind' | 'subjectId' | 'notify' | 'key'>;
type KnownRow = FavoriteRow & { is_added: boolean };

/** The favorite that an earlier call with this key has added or found. @throws keyReused */
const knownBy = async (db: Database, accountId: string, key: Key | undefined): Promise<KnownRow | undefined> =>
  key && sameCall(key, db.maybe<KnownRow>(favoriteByKey(accountId, key.value)));

async function repeated(ctx: Favorites, row: KnownRow): Promise<Replayed<Favorite>> {
  const shown = (await shownFavorites(ctx, [row]))[0]!;
  return row.is_added ? replayed(shown) : existing(shown, { isRepeated: true });
}

/** @throws notFound when the caller's account is being closed. */
const addOrFind = (
  ctx: Favorites,
  wanted: Wanted,
  mayAdd: boolean,
): Promise<{ added: FavoriteRow } | { found: FavoriteRow } | { twin: KnownRow } | undefined> =>
  ctx.db.transaction(async (tx) => {
    const { accountId, kind, subjectId, notify, key } = wanted;
    const { closing } = await tx.one<{ closing: boolean }>(lockPerson(accountId));
    if (closing) throw notFound();
    const twin = await knownBy(tx, accountId, key);
    if (twin) return { twin };
    const insert = favoriteInsert({ ...wanted, id: newId(), most: ctx.settings.perAccount, at: ctx.clock.now() });
    const added = mayAdd ? await tx.maybe<FavoriteRow>(insert) : undefined;
    const found = added ? undefined : await tx.maybe<FavoriteRow>(favoriteOf(accountId, kind, subjectId, notify));
    if (ctx.request) ctx.request.subject = (added ?? found)?.id ?? null;
    if (added) return { added };
    if (!found && (await tx.maybe(personLeaving(subjectId)))) throw notFound();
    if (found && key) await tx.execute(callInsert(found.id, accountId, key));
    return found && { found };
  });
