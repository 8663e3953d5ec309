import { z } from 'zod';
import { cursorAfter, readCursor } from '#kernel/cursors.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import type { KeyRecord } from '#partners';
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

/** The keys that somebody has made, for them to take along. */
export async function keysMadeBy(ctx: Partners, { maker, limit }: { maker: string; limit: number }): Promise<KeyRecord[]> {
  const rows = await ctx.db.many<KeyRow>(keysBy(maker, limit));
  return rows
    .map(keyView)
    .map(({ id, name, scopes, createdAt, expiresAt, revokedAt }) => ({ id, name, scopes, createdAt, expiresAt, revokedAt }));
}
