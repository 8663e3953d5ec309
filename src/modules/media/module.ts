import { hours, minutes, seconds } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { media } from '#media';
import { life } from './account-life.ts';
import { announceUpload } from './announce-upload.ts';
import { attachUpload } from './attach-upload.ts';
import { checkUpload } from './check-upload.ts';
import { type Media, needs } from './context.ts';
import { discardUploads } from './discard-uploads.ts';
import { expireUploads } from './expire-uploads.ts';
import { fetchImage } from './fetch-image.ts';
import { forgetUploads } from './forget-uploads.ts';
import { checkUploadJob, removeImageJob, removeObjectsJob } from './jobs.ts';
import { listUploads } from './list-uploads.ts';
import { signPrivateRead } from './read-private-file.ts';
import { removeImage, removeObjects } from './remove-image.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { mediaSettings } from './settings.ts';
import { sweepImages, sweepObjects } from './sweep-objects.ts';
import { tables } from './tables.ts';
import { uploadMachine } from './upload-state.ts';

export const mediaModule = module<typeof media, Media>({
  contract: media,
  needs,
  ports: ['storage', 'imageModeration', 'outgoingHttp'],
  routes,
  resources,
  operations: {
    announce: announceUpload,
    fetch: fetchImage,
    attach: attachUpload,
    discard: discardUploads,
    uploads: listUploads,
    readPrivate: signPrivateRead,
  },
  jobs: [runs(checkUploadJob, checkUpload), runs(removeImageJob, removeImage), runs(removeObjectsJob, removeObjects)],
  timers: [
    timer('media.sweep-objects', seconds(15), sweepObjects),
    timer('media.expire-uploads', minutes(2), expireUploads),
    timer('media.sweep-images', minutes(2), sweepImages),
    timer('media.forget-uploads', hours(1), forgetUploads),
  ],
  settings: mediaSettings,
  limits: { uploads: { points: 300, seconds: 60 } },
  sealed,
  life,
  tables,
  machines: [uploadMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
