import type { z } from 'zod';
import { sql } from '#kernel/database.ts';
import { type Delivered, enqueue } from '#kernel/events.ts';
import { rememberedIn } from '#kernel/idempotency.ts';
import { derivedId, newId } from '#kernel/ids.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { type AnnounceUpload, announcementsDelete, type imageReady, ofPurposes, tellsMedia, type Upload, type uploadRefused } from '#media';
import type { Profiles } from './context.ts';
import { tellMediaJob } from './jobs.ts';
import { lockPicture, type PictureRow, pictureUpdate } from './picture.ts';

const ANNOUNCEMENTS = sql`profiles.announcements`;

/** Expects the caller's new picture. The old one is shown until the new one has been checked. */
export async function announcePicture(ctx: Profiles, file: AnnounceUpload, key: Key | undefined): Promise<Upload | Replayed<Upload>> {
  const { id } = ctx.actor;
  const upload = await ctx.media.announce({
    ...{ ...file, ownerId: id, subjectId: id, purpose: 'profile-picture' },
    key: key ? derivedId('profile-picture', key.principal, key.value) : newId(),
  });
  if (ctx.request) ctx.request.subject = id;
  return rememberedIn(ctx.db, ANNOUNCEMENTS, key, upload);
}

/**
 * Shows a picture that has arrived, instead of the older one. The last that was announced wins, in any order of arrival: of two uploads,
 * or of an upload and a removal, the one with the lower id is over. What is not shown is discarded.
 */
export async function showPictures(ctx: Profiles, events: Delivered<z.infer<typeof imageReady.payload>>[]): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    for (const { payload, cause } of ofPurposes(events, 'profile-picture')) {
      const { subjectId: accountId, mediaId, image } = payload;
      const row = await tx.one<PictureRow>(lockPicture(accountId));
      if (row.closing || mediaId < row.media_id) enqueue(tx, tellMediaJob, { attach: null, discard: [mediaId] }, { cause });
      else if (mediaId > row.media_id) {
        await tx.execute(pictureUpdate(accountId, mediaId, image));
        enqueue(tx, tellMediaJob, { attach: mediaId, discard: row.image ? [row.image.id] : [] }, { cause });
      }
    }
  });
}

/** Removes the caller's picture. A picture that was announced before is not shown either. Repeating it changes nothing. */
export async function removePicture(ctx: Profiles, ifMatch: Precondition | undefined): Promise<undefined> {
  const accountId = ctx.actor.id;
  if (ctx.request) ctx.request.subject = accountId;
  await ctx.db.transaction(async (tx) => {
    const { image, version } = await tx.one<PictureRow>(lockPicture(accountId));
    demandVersion(ifMatch, version);
    await tx.execute(pictureUpdate(accountId, newId(), null));
    if (image) enqueue(tx, tellMediaJob, { attach: null, discard: [image.id] });
  });
}

export const tellMedia = tellsMedia(ANNOUNCEMENTS, 'another picture, or none, is shown');

/** Forgets the calls that announced files which are no images, or never came. */
export const forgetRefused = async (ctx: Profiles, events: Delivered<z.infer<typeof uploadRefused.payload>>[]): Promise<void> => {
  const ids = ofPurposes(events, 'profile-picture').map(({ payload }) => payload.mediaId);
  if (ids.length > 0) await ctx.db.execute(announcementsDelete(ANNOUNCEMENTS, ids));
};
