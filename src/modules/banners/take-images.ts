import type { z } from 'zod';
import { sql } from '#kernel/database.ts';
import { changed, type Delivered, enqueue } from '#kernel/events.ts';
import { announcementsDelete, type imageReady, ofPurposes, tellsMedia, type uploadRefused } from '#media';
import { BANNERS, lockBanner } from './banner.ts';
import type { Banners } from './context.ts';
import { tellMediaJob } from './jobs.ts';

type Events<E extends { payload: z.ZodType }> = Delivered<z.infer<E['payload']>>[];

/** Shows images that have arrived. If two are for one banner, the one that was announced later is shown, and the other is discarded. */
export const takeImages = (ctx: Banners, events: Events<typeof imageReady>): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    for (const { payload, cause } of ofPurposes(events, 'banner-image')) {
      const { mediaId, subjectId: id, image } = payload;
      const row = await lockBanner(tx, id);
      const isLate = !row || (row.image !== null && row.image.id > mediaId);
      if (isLate) enqueue(tx, tellMediaJob, { attach: null, discard: [mediaId] }, { cause });
      else if (row.image?.id !== mediaId) {
        await tx.execute(sql`
          update banners.banners
          set image = ${JSON.stringify(image)}::jsonb, alt = case when alt = '' then ${image.alt} else alt end, announced_with = null, version = version + 1
          where id = ${id}`);
        changed(tx, [BANNERS]);
        enqueue(tx, tellMediaJob, { attach: mediaId, discard: row.image ? [row.image.id] : [] }, { cause });
      }
    }
  });

/** Removes banners that were announced with an image which never came, or was none. */
export const forgetRefused = (ctx: Banners, events: Events<typeof uploadRefused>): Promise<void> =>
  ctx.db.transaction(async (tx) => {
    const ids = ofPurposes(events, 'banner-image').map(({ payload }) => payload.mediaId);
    if (ids.length === 0) return;
    await tx.execute(sql`delete from banners.banners where announced_with = any(${ids}::uuid[]) and image is null`);
    await tx.execute(announcementsDelete(sql`banners.announcements`, ids));
  });

export const tellMedia = tellsMedia(sql`banners.announcements`, 'no banner shows it');
