import { z } from 'zod';
import type { Whose } from '#kernel/account-life.ts';
import { cursorAfter, readCursor } from '#kernel/cursors.ts';
import { Cursor, Id, Limit, type Page, Time } from '#kernel/shapes.ts';
import type { Partners } from './context.ts';
import { type ApiKey, type KeyRow, keysBy, keysPage, keyView } from './key.ts';

export const KeysQuery = z.object({ limit: Limit, cursor: Cursor });

/** All keys, newest first, those that have ended too; never the keys themselves. */
export async function listKeys(ctx: Partners, { limit, cursor }: z.infer<typeof KeysQuery>): Promise<Page<ApiKey>> {
  const after = (readCursor(ctx.secrets, 'api-keys', cursor)?.[0] ?? null) as string | null;
  const rows = await ctx.db.many<KeyRow>(keysPage({ after, rows: limit + 1 }));
  const items = rows.slice(0, limit).map(keyView);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? cursorAfter(ctx.secrets, 'api-keys', [last.id]) : null };
}

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
