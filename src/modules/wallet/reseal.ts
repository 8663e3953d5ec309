import { sql } from '#kernel/database.ts';
import { nextPage, type ResealedPage, type ResealPage, resealRows } from '#kernel/reseal.ts';
import { sourcePlace } from './charge.ts';
import type { Wallet } from './context.ts';

/** Seals the sources of pending charges with the current key; those that were decided keep none. */
export async function reseal(ctx: Wallet, { after, limit }: ResealPage): Promise<ResealedPage> {
  const rows = await ctx.db.many<{ id: string; sealed: string | null }>(sql`
    select id, source_sealed as sealed from wallet.charges
    where state = 'pending' and id > ${after ?? '00000000-0000-0000-0000-000000000000'} order by id limit ${limit}`);
  const resealed = await resealRows(
    ctx,
    rows,
    sourcePlace,
    ({ ids, before, after }) => sql`
    update wallet.charges as c set source_sealed = r.after
    from unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) as r (id, before, after) where c.id = r.id and c.source_sealed = r.before`,
  );
  return { after: nextPage(rows, limit), resealed };
}
