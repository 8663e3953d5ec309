import { z } from 'zod';
import { BadSettings, listOf, settings } from '#kernel/settings-part.ts';

export const socialSettings = settings(
  {
    SOCIAL_RETURN_ORIGINS: z
      .string()
      .default('')
      .describe('web origins, with commas, that a browser may be sent to after it signed in elsewhere, beside that of `PUBLIC_URL`'),
  },
  (given, { publicUrl }) => ({ publicUrl, returnOrigins: listOf(given.SOCIAL_RETURN_ORIGINS).map(asOrigin) }),
);

function asOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  if (origin === 'null' || origin !== text.replace(/\/$/, ''))
    throw new BadSettings(`SOCIAL_RETURN_ORIGINS: ${text} is not an origin; write it like https://shop.example.com`);
  return origin;
}
