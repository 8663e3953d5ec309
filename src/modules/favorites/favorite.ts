import { z } from 'zod';
import { Product } from '#catalog';
import { empty, type Sql, sql } from '#kernel/database.ts';
import type { Key } from '#kernel/routes.ts';
import { Id, Time, Username } from '#kernel/shapes.ts';
import { Image } from '#media';

export const FavoriteKind = z.enum(['product', 'user']);
export type FavoriteKind = z.infer<typeof FavoriteKind>;

export const Notify = z.object({
  backInStock: z.boolean().meta({ description: 'Tell me when it is in stock again' }),
  priceFell: z.boolean().meta({ description: 'Tell me when it costs less' }),
});

/** As much of a product as a list of favorites shows. The stock is the one that lists show. */
export const FavoriteProduct = Product.pick({ id: true, name: true, price: true, stock: true, images: true, seller: true, rating: true });
export const FavoriteUser = z.object({ id: Id, username: Username, picture: Image.nullable() });

export const Favorite = z
  .object({
    id: Id,
    kind: FavoriteKind.meta({ example: 'product' }),
    subjectId: Id.meta({ description: 'The id of the product or of the account' }),
    product: FavoriteProduct.nullable().optional().meta({ description: 'Of a product; null while it is not public' }),
    user: FavoriteUser.nullable().optional().meta({ description: 'Of a person; null while the account has no public profile' }),
    notify: Notify,
    createdAt: Time,
    version: z.int(),
  })
  .meta({ id: 'Favorite' });
export type Favorite = z.infer<typeof Favorite>;

/** What is stored of a favorite, for the export of an account: no other module is asked then. */
export const FavoriteRecord = Favorite.omit({ product: true, user: true });

export interface FavoriteRow {
  id: string;
  kind: FavoriteKind;
  subject_id: string;
  back_in_stock: boolean;
  price_fell: boolean;
  created_at: Date;
  version: number;
  body_hash: string | null;
}

export const recordOf = (row: FavoriteRow): z.infer<typeof FavoriteRecord> => ({
  id: row.id,
  kind: row.kind,
  subjectId: row.subject_id,
  notify: { backInStock: row.back_in_stock, priceFell: row.price_fell },
  createdAt: row.created_at.toISOString(),
  version: row.version,
});

const COLUMNS = sql`id, kind, subject_id, back_in_stock, price_fell, created_at, version, body_hash`;

export type NotifyChanges = Partial<z.infer<typeof Notify>>;

interface NewFavorite {
  id: string;
  accountId: string;
  kind: FavoriteKind;
  subjectId: string;
  notify: NotifyChanges;
  most: number;
  at: Date;
  key: Key | undefined;
}

/** Locks the account's row until the end of the transaction, so that those who add to one account take turns. */
export const lockPerson = (accountId: string): Sql => sql`
  insert into favorites.people (account_id) values (${accountId})
  on conflict (account_id) do update set account_id = excluded.account_id returning closing`;

export const personLeaving = (accountId: string): Sql => sql`select 1 from favorites.people where account_id = ${accountId} and closing`;

/** Adds a favorite, unless the account has it, has as many as it may have, or the person is leaving. */
export const favoriteInsert = ({ id, accountId, kind, subjectId, notify, most, at, key }: NewFavorite): Sql => sql`
  insert into favorites.favorites (id, account_id, kind, subject_id, back_in_stock, price_fell, created_at, idempotency_key, body_hash)
  select ${id}::uuid, ${accountId}::uuid, ${kind}, ${subjectId}::uuid, ${notify.backInStock ?? false}::boolean, ${notify.priceFell ?? false}::boolean, ${at}::timestamptz, ${key?.value ?? null}, ${key?.bodyHash ?? null}
  where (select count(*) from (select 1 from favorites.favorites where account_id = ${accountId} limit ${most}) as own) < ${most}
    and not exists (select from favorites.people where account_id = ${subjectId} and closing)
  on conflict (account_id, kind, subject_id) do nothing returning ${COLUMNS}`;

/** The favorite of a subject, with what is to be told of it from now on. */
export const favoriteOf = (accountId: string, kind: FavoriteKind, subjectId: string, notify: NotifyChanges): Sql => sql`
  update favorites.favorites set ${changed(notify)} where account_id = ${accountId} and kind = ${kind} and subject_id = ${subjectId} returning ${COLUMNS}`;

/** What changes nothing makes no new version. */
const changed = ({ backInStock, priceFell }: NotifyChanges): Sql => sql`
  back_in_stock = coalesce(${backInStock ?? null}::boolean, back_in_stock), price_fell = coalesce(${priceFell ?? null}::boolean, price_fell),
  version = version + (back_in_stock <> coalesce(${backInStock ?? null}::boolean, back_in_stock) or price_fell <> coalesce(${priceFell ?? null}::boolean, price_fell))::int`;

/** The favorite that a call with this key added, or found there; with the body of that call. */
export const favoriteByKey = (accountId: string, key: string): Sql => sql`
  select ${COLUMNS}, true as is_added from favorites.favorites where account_id = ${accountId} and idempotency_key = ${key}
  union all
  select favorite.id, kind, subject_id, back_in_stock, price_fell, created_at, version, call.body_hash, false
  from favorites.calls call join favorites.favorites favorite on favorite.id = call.favorite_id
  where call.account_id = ${accountId} and call.idempotency_key = ${key}`;

/** Calls of a favorite that are remembered, besides the one that added it. */
const MOST_CALLS = 20;

/** Remembers a call that found a favorite there, and forgets the oldest such call beyond twenty. */
export const callInsert = (favoriteId: string, accountId: string, { value, bodyHash }: Key): Sql => sql`
  with forgotten as (
    delete from favorites.calls where favorite_id = ${favoriteId}
      and seq <= (select seq from favorites.calls where favorite_id = ${favoriteId} order by seq desc offset ${MOST_CALLS - 1} limit 1))
  insert into favorites.calls (account_id, idempotency_key, body_hash, favorite_id) values (${accountId}, ${value}, ${bodyHash}, ${favoriteId})`;

/** Changes what is told of a favorite of this account. */
export const favoriteUpdate = (id: string, accountId: string, notify: NotifyChanges): Sql => sql`
  update favorites.favorites set ${changed(notify)} where id = ${id} and account_id = ${accountId} returning ${COLUMNS}`;

/** Locked until the end of the transaction. */
export const favoriteById = (id: string, accountId: string): Sql =>
  sql`select ${COLUMNS} from favorites.favorites where id = ${id} and account_id = ${accountId} for update`;

export const favoriteDelete = (id: string, accountId: string): Sql =>
  sql`delete from favorites.favorites where id = ${id} and account_id = ${accountId}`;

export const favoritesPage = (accountId: string, kind: FavoriteKind | undefined, after: string | null, rows: number): Sql => sql`
  select ${COLUMNS} from favorites.favorites
  where account_id = ${accountId} ${kind ? sql`and kind = ${kind}` : empty} ${after ? sql`and id < ${after}` : empty}
  order by id desc limit ${rows}`;
