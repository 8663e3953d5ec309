import { z } from 'zod';
import type { Whose } from '#kernel/account-life.ts';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { Cursor, Id, Limit, type Page, Time } from '#kernel/shapes.ts';
import type { Partners } from './context.ts';
import { type ApiKey, type KeyRow, keysBy, keysPage, keyView } from './key.ts';

export const KeysQuery = z.object({ limit: Limit, cursor: Cursor });

/** All keys, newest first, those that have ended too; never the keys themselves. */
export const listKeys = (ctx: Partners, query: z.infer<typeof KeysQuery>): Promise<Page<ApiKey>> =>
  pageOf(ctx, 'api-keys', query, {
    rows: (after, rows) => ctx.db.many<KeyRow>(keysPage({ after: idIn(after), rows })),
    position: (row) => [row.id],
    item: keyView,
  });

/** A key in the export of who made it. */
export const KeyRecord = z.object({
  id: Id,
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: Time,
  expiresAt: Time.nullable(),
  revokedAt: Time.nullable(),
});
type KeyRecord = z.infer<typeof KeyRecord>;

/** The keys that somebody has made, newest first; never the keys themselves. */
export async function keysMadeBy(ctx: Partners, { accountId, limit }: Whose & { limit: number }): Promise<KeyRecord[]> {
  const rows = await ctx.db.many<KeyRow>(keysBy(accountId, limit));
  return rows
    .map(keyView)
    .map(({ id, name, scopes, createdAt, expiresAt, revokedAt }) => ({ id, name, scopes, createdAt, expiresAt, revokedAt }));
}
