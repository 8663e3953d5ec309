import { type Sql, sql } from '#kernel/database.ts';
import type { Image } from '#media';

export interface PictureRow {
  account_id: string;
  media_id: string;
  image: Image | null;
  closing: boolean;
  /** Rises whenever another picture, or none, is shown. */
  version: number;
}

export const picturesOf = (accountIds: readonly string[]): Sql => sql`
  select account_id as "accountId", image from profiles.pictures where account_id = any(${accountIds}::uuid[]) and image is not null order by account_id`;

/** The row of an account, locked; it is made where there is none. */
export const lockPicture = (accountId: string): Sql => sql`
  insert into profiles.pictures (account_id, media_id) values (${accountId}, '00000000-0000-0000-0000-000000000000')
  on conflict (account_id) do update set account_id = excluded.account_id returning account_id, media_id, image, closing, version`;

export const pictureOf = (accountId: string): Sql => sql`select image, version from profiles.pictures where account_id = ${accountId}`;

export const pictureUpdate = (accountId: string, mediaId: string, image: Image | null): Sql => sql`
  update profiles.pictures as picture
  set media_id = ${mediaId}, image = shown.image, version = version + (picture.image is distinct from shown.image)::int
  from (select ${image && JSON.stringify(image)}::jsonb as image) as shown where account_id = ${accountId}`;

export const closingUpdate = (accountId: string, closing: boolean): Sql =>
  sql`update profiles.pictures set closing = ${closing} where account_id = ${accountId}`;
