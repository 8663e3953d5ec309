import { sql } from '#kernel/database.ts';
import { nextPage, type ResealedPage, type ResealPage, resealRows } from '#kernel/reseal.ts';
import { addressPlace } from './address.ts';
import type { Orders } from './context.ts';

/** Seals shipping addresses with the current key, a page of orders at a time. */
export async function reseal(ctx: Orders, { after, limit }: ResealPage): Promise<ResealedPage> {
  const rows = await ctx.db.many<{ id: string; sealed: string | null }>(sql`
    select id, address_sealed as sealed from orders.orders
    where id > ${after ?? '00000000-0000-0000-0000-000000000000'} order by id limit ${limit}`);
  const resealed = await resealRows(
    ctx,
    rows,
    addressPlace,
    ({ ids, before, after }) => sql`
    update orders.orders as o set address_sealed = r.after
    from unnest(${ids}::uuid[], ${before}::text[], ${after}::text[]) as r (id, before, after) where o.id = r.id and o.address_sealed = r.before`,
  );
  return { after: nextPage(rows, limit), resealed };
}
