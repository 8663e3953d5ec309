import { sql } from '#kernel/database.ts';
import { nextPage, type ResealedPage, type ResealPage, resealRows } from '#kernel/reseal.ts';
import type { Moderation } from './context.ts';
import { excerptPlace } from './item.ts';

/** Seals excerpts with the current key, a page of items at a time. */
export async function reseal(ctx: Moderation, { after, limit }: ResealPage): Promise<ResealedPage> {
  const rows = await ctx.db.many<{ id: string; sealed: string | null }>(sql`
    select id, excerpt_sealed as sealed from moderation.items
    where id > ${after ?? '00000000-0000-0000-0000-000000000000'} order by id limit ${limit}`);
  const resealed = await resealRows(
    ctx,
    rows,
    excerptPlace,
    ({ ids, before, after }) => sql`
    update moderation.items as i set excerpt_sealed = r.after
    from unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) as r (id, before, after) where i.id = r.id and i.excerpt_sealed = r.before`,
  );
  return { after: nextPage(rows, limit), resealed };
}
