import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

/** Where files are stored: a folder of this machine. */
export const storageSettings = settings(
  {
    MEDIA_FOLDER: z
      .string()
      .min(1)
      .optional()
      .describe('folder of the files that people upload; without it `media` in `SOUK_DATA`. Processes of one Souk share it'),
  },
  ({ MEDIA_FOLDER: folder }, { publicUrl }) => ({ folder, url: `${publicUrl}/v1` }),
);
