import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Banner } from '#banners';
import { sql } from '#kernel/database.ts';
import { changed, enqueue } from '#kernel/events.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { invalid, notFound } from '#kernel/problems.ts';
import { BANNERS, type BannerRow, BannerText, bannerById, bannerView, isInOrder, lockBanner } from './banner.ts';
import type { Banners } from './context.ts';
import { tellMediaJob } from './jobs.ts';

const { placement, link, alt, time, position } = BannerText;

/** A JSON Merge Patch (RFC 7396): what is absent stays, null empties. */
export const ChangeBanner = z
  .strictObject({
    ...{ placement: placement.optional(), link: link.optional(), alt: alt.optional() },
    ...{ startsAt: time.optional(), endsAt: time.optional(), position: position.optional() },
    image: z.null().optional().meta({ description: 'null removes the image, and the banner from show' }),
  })
  .meta({ example: { endsAt: '2026-12-31T23:00:00.000Z' } });

/** Changes a banner; it shows at once. What changes nothing makes no new version. */
export const changeBanner = (
  ctx: Banners,
  id: string,
  { image, ...changes }: z.infer<typeof ChangeBanner>,
  ifMatch: Precondition | undefined,
): Promise<Banner> =>
  ctx.db.transaction(async (tx) => {
    const row = await lockBanner(tx, id);
    if (!row) throw notFound();
    demandVersion(ifMatch, row.version);
    const before = bannerView(row);
    const after = { ...before, ...changes };
    if (!isInOrder(after.startsAt, after.endsAt))
      throw invalid({ errors: [{ pointer: '/endsAt', detail: 'must be later than startsAt', in: 'body' }] });
    if (isDeepStrictEqual(instants(after), instants(before)) && (image === undefined || row.image === null)) return before;
    await tx.execute(sql`
      update banners.banners
      set placement = ${after.placement}, link = ${after.link}, alt = ${after.alt}, starts_at = ${after.startsAt}, ends_at = ${after.endsAt},
          position = ${after.position}, image = ${image === null ? sql`null` : sql`image`}, version = version + 1
      where id = ${id}`);
    if (image === null && row.image) enqueue(tx, tellMediaJob, { attach: null, discard: [row.image.id] });
    changed(tx, [BANNERS]);
    return bannerView(await tx.one<BannerRow>(bannerById(id)));
  });

/** With its times as numbers: one moment can be written in several ways. */
const instants = ({ startsAt, endsAt, ...others }: Banner) => ({
  ...others,
  times: [startsAt, endsAt].map((time) => time && Date.parse(time)),
});

/** Deletes a banner and its image. */
export async function deleteBanner(ctx: Banners, id: string, ifMatch: Precondition | undefined): Promise<undefined> {
  await ctx.db.transaction(async (tx) => {
    const row = await lockBanner(tx, id);
    if (!row) throw notFound();
    demandVersion(ifMatch, row.version);
    await tx.execute(sql`delete from banners.banners where id = ${id}`);
    if (row.image) enqueue(tx, tellMediaJob, { attach: null, discard: [row.image.id] });
    changed(tx, [BANNERS]);
  });
  return undefined;
}
