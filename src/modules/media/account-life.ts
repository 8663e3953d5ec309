import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import { inBatches } from '#kernel/batches.ts';
import { sql } from '#kernel/database.ts';
import type { Media } from './context.ts';
import { discardUploads } from './discard-uploads.ts';
import { IMAGE, type ImageRow, imageOf } from './stored-image.ts';
import { MediaView, mediaView, UPLOAD, type UploadRow } from './upload.ts';

/** The images of an account go with it; so do the names and descriptions of its files. */
export const life: AccountLife<Media> = {
  forget: async (ctx, { accountId }) => {
    await inBatches(500, async (size) => {
      const rows = await ctx.db.many<{ id: string }>(sql`
        select id from media.uploads where owner_id = ${accountId} and state not in ('refused', 'removed') order by id limit ${size}`);
      await discardUploads(ctx, { ids: rows.map(({ id }) => id), reason: 'their owner is gone' });
      return rows.length;
    });
    await ctx.db.execute(sql`delete from media.uploads where owner_id = ${accountId} and state in ('refused', 'removed')`);
  },
  export: exporting(
    { uploads: z.array(MediaView).meta({ description: 'Files that you have sent, newest first' }) },
    async (ctx: Media, { accountId, limit }) => {
      const rows = await ctx.db.many<UploadRow>(sql`
        select ${UPLOAD} from media.uploads where owner_id = ${accountId} order by id desc limit ${limit}`);
      const hashes = rows.flatMap(({ image_hash }) => image_hash ?? []);
      const stored = await ctx.db.many<ImageRow>(sql`select ${IMAGE} from media.images where hash = any(${hashes}::text[])`);
      const images = new Map(stored.map((image) => [image.hash, image]));
      const attached = (row: UploadRow) => (row.state === 'attached' && row.image_hash ? images.get(row.image_hash) : undefined);
      return {
        uploads: rows.map((row) => {
          const image = attached(row);
          return mediaView(row, image ? imageOf(ctx, row, image) : null);
        }),
      };
    },
  ),
};
