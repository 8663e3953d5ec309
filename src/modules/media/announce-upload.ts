import { sql } from '#kernel/database.ts';
import { newId } from '#kernel/ids.ts';
import { type AnnouncedFile, IMAGE_LIMIT_BYTES, type Purpose, type Upload } from '#media';
import type { Media } from './context.ts';
import { objectKey, type UploadRow } from './upload.ts';

export interface Announced {
  key: string;
  ownerId: string;
  purpose: Purpose;
  subjectId: string;
}

/** Expects a file, and signs where to send it. A repeated key finds the same upload, and is answered the same. */
export async function announceUpload(ctx: Media, wish: Announced & AnnouncedFile): Promise<Upload> {
  const row = await expect(ctx, wish);
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

const expect = (
  ctx: Media,
  { key, ownerId, purpose, subjectId, alt = '', fileName, contentType, sizeBytes }: Announced & AnnouncedFile,
) => {
  const now = ctx.clock.now();
  const expires = new Date(now.getTime() + ctx.settings.uploadSeconds * 1000);
  return ctx.db.one<UploadRow>(sql`
    insert into media.uploads (id, key, owner_id, purpose, subject_id, file_name, content_type, size_bytes, alt, state, expires_at, created_at, changed_at)
    values (${newId()}, ${key}, ${ownerId}, ${purpose}, ${subjectId}, ${fileName}, ${contentType}, ${sizeBytes}, ${alt},
            'awaiting_upload', ${expires}, ${now}, ${now})
    on conflict (key) do update set key = excluded.key returning *`);
};
