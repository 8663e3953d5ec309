import { sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { type AnnouncedFile, type fileTypes, IMAGE_LIMIT_BYTES, isPrivate, type Purpose, type Upload, uploadExpired } from '#media';
import type { Media } from './context.ts';
import { objectKey, UPLOAD, type UploadRow } from './upload.ts';

export interface Announced {
  key: string;
  ownerId: string;
  purpose: Purpose;
  subjectId: string;
}

type Announcement = Announced & Omit<AnnouncedFile, 'contentType'> & { contentType: (typeof fileTypes)[number] };

/**
 * Expects a file, and signs where to send it. A repeated key finds the same upload, and is answered the same.
 * @throws uploadExpired where nothing comes of it any more
 */
export async function announceUpload(ctx: Media, wish: Announcement): Promise<Upload> {
  const row = await expect(ctx, wish);
  if (isDead(row, ctx.clock.now())) throw uploadExpired();
  const now = row.created_at; // signed as at first, so that a repeated call is answered byte for byte the same
  const expiresInSeconds = Math.round((row.expires_at.getTime() - now.getTime()) / 1000);
  const { upload, form } = await ctx.storage.signUpload({
    key: objectKey(row.id),
    contentType: row.content_type!,
    sizeBytes: row.size_bytes ?? IMAGE_LIMIT_BYTES,
    isOpen: row.size_bytes === null,
    now,
    expiresInSeconds,
  });
  return {
    id: row.id,
    state: 'awaiting_upload',
    upload: { ...upload, headers: { ...upload.headers }, expiresAt: row.expires_at.toISOString() },
    form: { url: form.url, fields: { ...form.fields } },
  };
}

/** Its address has expired, and no file has arrived. */
const isDead = ({ state, expires_at, arriving_since }: UploadRow, now: Date): boolean =>
  state === 'refused' || state === 'removed' || (state === 'awaiting_upload' && expires_at < now && arriving_since === null);

const expect = (ctx: Media, { key, ownerId, purpose, subjectId, alt = '', fileName, contentType, sizeBytes }: Announcement) => {
  const now = ctx.clock.now();
  const expires = new Date(now.getTime() + ctx.settings.uploadSeconds * 1000);
  return ctx.db.one<UploadRow>(sql`
    insert into media.uploads (id, key, owner_id, purpose, subject_id, file_name, content_type, size_bytes, alt, is_private, state, expires_at, created_at, changed_at)
    values (${newId()}, ${key}, ${ownerId}, ${purpose}, ${subjectId}, ${fileName}, ${contentType}, ${sizeBytes}, ${alt}, ${isPrivate(purpose)},
            'awaiting_upload', ${expires}, ${now}, ${now})
    on conflict (key) do update set key = excluded.key returning ${UPLOAD}`);
};
