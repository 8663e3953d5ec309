import { z } from 'zod';
import { readsDataOf } from '#kernel/audit.ts';
import { pageOf } from '#kernel/cursors.ts';
import { Cursor, Limit, line, type Page } from '#kernel/shapes.ts';
import type { Moderation } from './context.ts';
import { type Item, type ItemRow, itemView, type Position, queuePage } from './item.ts';
import { itemMachine } from './item-state.ts';

export const QueueQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  state: itemMachine.State.default('open').meta({ description: 'What waits, or what was decided' }),
  kind: line(60).optional().meta({ description: 'Only subjects of this kind', example: 'review' }),
});

type QueueRow = ItemRow & { decided_text: string | null };

/** What waits for a decision, oldest first; or what was decided, newest first. It shows who wrote what, so the reading is audited. */
export function listQueue(ctx: Moderation, { state, kind, ...query }: z.infer<typeof QueueQuery>): Promise<Page<Item>> {
  readsDataOf(ctx, null);
  return pageOf(ctx, `moderation:${state}:${kind ?? ''}`, query, {
    rows: (after, rows) => ctx.db.many<QueueRow>(queuePage({ state, kind, after: after as Position | undefined, rows })),
    position: (row) => [row.id, row.decided_text],
    item: (row) => itemView(ctx.secrets, row),
  });
}
