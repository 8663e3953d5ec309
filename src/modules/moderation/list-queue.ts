import { z } from 'zod';
import { cursorAfter, readCursor } from '#kernel/cursors.ts';
import { Cursor, Limit, line, type Page } from '#kernel/shapes.ts';
import type { Moderation } from './context.ts';
import { type Item, type ItemRow, itemView, type Position, queuePage } from './item.ts';
import { itemStates } from './item-state.ts';

export const QueueQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  state: z.enum(itemStates).default('open'),
  kind: line(60).optional().meta({ description: 'Only subjects of this kind', example: 'review' }),
});

/** What waits for a decision, oldest first; or what was decided, newest first. */
export async function listQueue(ctx: Moderation, { limit, cursor, state, kind }: z.infer<typeof QueueQuery>): Promise<Page<Item>> {
  const scope = `moderation:${state}:${kind ?? ''}`;
  const after = readCursor(ctx.secrets, scope, cursor) as Position | undefined;
  const rows = await ctx.db.many<ItemRow & { decided_text: string | null }>(queuePage({ state, kind, after, rows: limit + 1 }));
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map((row) => itemView(ctx.secrets, row)),
    nextCursor: rows.length > limit && last ? cursorAfter(ctx.secrets, scope, [last.id, last.decided_text]) : null,
  };
}
