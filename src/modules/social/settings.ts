import { z } from 'zod';
import { listOf, originOf, settings } from '#kernel/settings-part.ts';

export const socialSettings = settings(
  {
    SOCIAL_RETURN_ORIGINS: z
      .string()
      .default('')
      .describe('web origins, with commas, that a browser may be sent to after it signed in elsewhere, beside that of `PUBLIC_URL`'),
  },
  (given, { publicUrl }) => ({
    publicUrl,
    returnOrigins: listOf(given.SOCIAL_RETURN_ORIGINS).map((text) => originOf('SOCIAL_RETURN_ORIGINS', text)),
  }),
);
