import { z } from 'zod';
import { type Database, type Sql, sql } from '#kernel/database.ts';
import { Id } from '#kernel/shapes.ts';

/** What a module tells media by a job of its own: which image it shows now, and which files it shows no more. */
export const Told = z.object({ attach: Id.nullable(), discard: z.array(Id).max(1000) });
export type Told = z.infer<typeof Told>;

interface TellsMedia {
  db: Database;
  media: { attach(image: { id: string }): Promise<unknown>; discard(files: { ids: string[]; reason: string }): Promise<unknown> };
}

/**
 * Tells media what became of images, and forgets in `announcements` the calls that announced the others. It is safe to run twice: media has
 * one outcome for each image.
 */
export const tellsMedia =
  (announcements: Sql, reason: string) =>
  async (ctx: TellsMedia, { attach, discard }: Told): Promise<void> => {
    if (attach) await ctx.media.attach({ id: attach });
    if (discard.length === 0) return;
    await ctx.media.discard({ ids: discard, reason });
    await ctx.db.execute(announcementsDelete(announcements, discard));
  };

export const announcementsDelete = (announcements: Sql, ids: readonly string[]): Sql =>
  sql`delete from ${announcements} where id = any(${ids}::uuid[])`;

/** Events of media for these purposes, in the order of their subjects, because rows are locked in one order everywhere. */
export const ofPurposes = <Heard extends { payload: { purpose: string; subjectId: string } }>(
  events: readonly Heard[],
  ...purposes: readonly Heard['payload']['purpose'][]
): Heard[] =>
  events
    .filter(({ payload }) => purposes.includes(payload.purpose))
    .toSorted((a, b) => (a.payload.subjectId < b.payload.subjectId ? -1 : 1));
