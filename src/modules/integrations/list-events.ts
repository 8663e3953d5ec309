import { z } from 'zod';
import { invalid, malformed } from '#kernel/problems.ts';
import { Cursor, Id, Limit, type Page } from '#kernel/shapes.ts';
import type { Integrations } from './context.ts';
import { type EventRecord, type EventRow, EventType, eventsPage, eventView, seqOf, typesOf } from './event.ts';

export const EventsQuery = z.object({
  after: Id.optional().meta({
    description: 'The id of the last event that you have seen; without it the list begins with the oldest stored',
  }),
  type: EventType.optional(),
  limit: Limit,
  cursor: Cursor.meta({ description: 'nextCursor of the page before, which is the id of its last event: the same as `after`' }),
});

/**
 * Events after one that was seen, oldest first. `nextCursor` is the id of the last one here, null where nothing follows yet: keep the
 * last id that you saw, and ask again with it. An event never appears before one that was listed.
 * @throws invalid when `after` is not stored (any more), or there is no such type; malformed when `cursor` is not.
 */
export async function listEvents(
  ctx: Integrations,
  { cursor, after, type, limit }: z.infer<typeof EventsQuery>,
): Promise<Page<EventRecord>> {
  const types = typesOf(ctx.eventKinds);
  if (type !== undefined && !types.includes(type))
    throw invalid({ errors: [{ pointer: '/type', detail: `is not an event; the events are: ${types.join(', ')}`, in: 'query' }] });
  if (cursor !== undefined && !Id.safeParse(cursor).success) throw lostCursor();
  const last = cursor ?? after;
  const from = last === undefined ? { seq: 0 } : await ctx.db.maybe<{ seq: number }>(seqOf(last));
  if (!from && cursor !== undefined) throw lostCursor();
  if (!from) throw invalid({ errors: [{ pointer: '/after', detail: 'is not an event that is still stored', in: 'query' }] });
  const rows = await ctx.db.many<EventRow>(eventsPage({ after: from.seq, type, rows: limit + 1 }));
  const shown = rows.slice(0, limit);
  return { items: shown.map(eventView), nextCursor: rows.length > limit ? shown.at(-1)!.id : null };
}

const lostCursor = () => malformed({ reason: 'The cursor is not an event that is still stored. Use nextCursor of the page before.' });
