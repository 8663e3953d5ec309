import { sameText } from '#kernel/secrets.ts';
import type { Partners } from './context.ts';
import { findLive } from './key.ts';

interface Judged {
  /** The name of the partner, folded: its keys all have the same. */
  partner: string;
  scopes: string[];
  expiresAt: string | null;
}

/** What a key allows; null if there is no valid key of that id, or the hash does not match. */
export async function judgeKey(ctx: Partners, { id, keyHash }: { id: string; keyHash: string }): Promise<Judged | null> {
  const row = await findLive(ctx.db, id, ctx.clock.now());
  if (!row || !sameText(row.key_hash, keyHash)) return null;
  return { partner: row.name_key, scopes: row.scopes, expiresAt: row.expires_at?.toISOString() ?? null };
}
