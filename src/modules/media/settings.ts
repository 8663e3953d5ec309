import { z } from 'zod';
import { settings, urlOf } from '#kernel/settings-part.ts';

export const mediaSettings = settings(
  {
    MEDIA_URL: urlOf('https://cdn.example.com')
      .optional()
      .describe('what the addresses of images begin with, where a CDN stands before Souk or its bucket; without it `PUBLIC_URL`'),
    UPLOAD_MINUTES: z.coerce
      .number()
      .int()
      .min(1)
      .max(1440)
      .default(15)
      .describe('how long an announced file may take until it is sent, 1 to 1440'),
    MEDIA_NOTIFICATION_SECRET: z
      .string()
      .min(32, 'must have at least 32 characters')
      .optional()
      .describe(
        'what the store of S3_BUCKET proves itself with when it tells of files that have arrived; without it Souk looks every 15 s',
      ),
  },
  ({ MEDIA_NOTIFICATION_SECRET: notificationSecret, MEDIA_URL: mediaUrl, UPLOAD_MINUTES: minutes }, { publicUrl }) => ({
    imagesUrl: `${mediaUrl?.replace(/\/$/, '') ?? `${publicUrl}/v1`}/media`,
    notificationSecret,
    uploadSeconds: minutes * 60,
  }),
);
