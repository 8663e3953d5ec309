import { z } from 'zod';
import type { Banner } from '#banners';
import { may } from '#kernel/context.ts';
import { pageOf } from '#kernel/cursors.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { forbidden, unauthenticated } from '#kernel/problems.ts';
import { Cursor, Limit, type Page } from '#kernel/shapes.ts';
import { type BannerRow, BannerText, bannerView, COLUMNS } from './banner.ts';
import type { Banners } from './context.ts';

export const BannersQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  placement: BannerText.placement.optional(),
  show: z.enum(['now', 'all']).default('now').meta({ description: 'all: also those that are not on show; for staff with catalog:write' }),
});

/** The banners on show, in their order; staff may see all. @throws unauthenticated, forbidden */
export async function listBanners(ctx: Banners, query: z.infer<typeof BannersQuery>): Promise<Page<Banner>> {
  const { placement, show } = query;
  if (show === 'all' && !may(ctx.actor, 'catalog:write'))
    throw ctx.actor.kind === 'anonymous' ? unauthenticated() : forbidden({ permission: 'catalog:write' });
  const now = show === 'now' ? ctx.clock.now() : null;
  return pageOf(ctx, `banners:${show}:${placement ?? ''}`, query, {
    rows: (after, limit) => ctx.db.many<BannerRow>(bannersPage({ placement, now }, after as [number, string] | undefined, limit)),
    position: ({ position, id }) => [position, id],
    item: bannerView,
  });
}

export const shownBanners = async (ctx: Banners, { placement }: { placement?: string }): Promise<Banner[]> =>
  (await ctx.db.many<BannerRow>(bannersPage({ placement, now: ctx.clock.now() }, undefined, 100))).map(bannerView);

export const bannersPage = (
  { placement, now }: { placement: string | undefined; now: Date | null },
  after: [number, string] | undefined,
  rows: number,
): Sql => sql`
  select ${COLUMNS} from banners.banners
  where ${placement === undefined ? sql`true` : sql`placement = ${placement}`}
    ${now ? sql`and image is not null and coalesce(starts_at <= ${now}::timestamptz, true) and coalesce(ends_at > ${now}::timestamptz, true)` : sql``}
    ${after ? sql`and (position, id) > (${after[0]}::int, ${after[1]}::uuid)` : sql``}
  order by position, id limit ${rows}`;
