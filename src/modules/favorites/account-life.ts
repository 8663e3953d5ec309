import { z } from 'zod';
import { type AccountLife, exporting, type Whose } from '#kernel/account-life.ts';
import { inBatches } from '#kernel/batches.ts';
import { type Sql, sql } from '#kernel/database.ts';
import type { Favorites } from './context.ts';
import { FavoriteRecord, type FavoriteRow, favoritesPage, recordOf } from './favorite.ts';

const AT_ONCE = 1000;

export const life: AccountLife<Favorites> = {
  close: async (ctx, { accountId }) => {
    await ctx.db.execute(closingUpsert(accountId));
    return true;
  },
  reopen: async (ctx, { accountId }) => void (await ctx.db.execute(reopened(accountId))),
  forget: forgetFavorites,
  export: exporting({ favorites: z.array(FavoriteRecord) }, async (ctx: Favorites, { accountId, limit }) => ({
    favorites: (await ctx.db.many<FavoriteRow>(favoritesPage(accountId, undefined, null, limit))).map(recordOf),
  })),
};

/** Those of the account, and those of others that are this account: they may be many, so a transaction takes a thousand. */
async function forgetFavorites(ctx: Favorites, { accountId }: Whose): Promise<void> {
  await ctx.db.execute(ownDelete(accountId));
  await inBatches(AT_ONCE, (rows) => ctx.db.execute(admirersDelete(accountId, rows)));
}

/** Nothing new is added from now on: neither by the account, nor with the account as a favorite. */
export const closingUpsert = (accountId: string): Sql => sql`
  insert into favorites.people (account_id, closing) values (${accountId}, true) on conflict (account_id) do update set closing = true`;

export const reopened = (accountId: string): Sql => sql`update favorites.people set closing = false where account_id = ${accountId}`;

export const ownDelete = (accountId: string): Sql => sql`delete from favorites.favorites where account_id = ${accountId}`;

export const admirersDelete = (accountId: string, rows: number): Sql => sql`
  delete from favorites.favorites where id = any(array(
    select id from favorites.favorites where subject_id = ${accountId} and kind = 'user' limit ${rows}))`;
