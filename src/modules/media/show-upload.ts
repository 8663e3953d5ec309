import type { z } from 'zod';
import { sql } from '#kernel/database.ts';
import { notFound } from '#kernel/problems.ts';
import type { Media } from './context.ts';
import { expireUpload, isOver } from './expire-uploads.ts';
import { findImage, imageOf } from './stored-image.ts';
import { findUpload, type MediaView, mediaView } from './upload.ts';

/** The state of an upload, for its owner. If its time is over, it is refused now, without waiting for the timer. @throws notFound */
export async function showUpload(ctx: Media, id: string, owner: string | null): Promise<z.infer<typeof MediaView>> {
  const find = () => findUpload(ctx.db, sql`id = ${id} and owner_id = ${owner}`);
  let row = await find();
  if (row && isOver(ctx, row)) {
    await expireUpload(ctx, row);
    row = await find();
  }
  if (!row) throw notFound();
  const image = row.state === 'attached' && row.image_hash ? await findImage(ctx.db, row.image_hash) : undefined;
  return mediaView(row, image ? imageOf(ctx, row, image) : null);
}
