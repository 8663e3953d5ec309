import { z } from 'zod';
import { BadSettings, settings } from '#kernel/settings-part.ts';
import type { VapidSettings } from './web-push.ts';

const key = (bytes: number) =>
  z
    .string()
    .refine(
      (text) => Buffer.from(text, 'base64url').length === bytes,
      `must be ${bytes} bytes in base64url; make both with: npx web-push generate-vapid-keys`,
    );

/** The keys that Web Push is sent with; undefined where messages are captured and not sent. */
export const pushSettings = settings(
  {
    VAPID_PUBLIC_KEY: key(65)
      .optional()
      .describe('the public key of Web Push, in base64url; without it push messages are captured and not sent'),
    VAPID_PRIVATE_KEY: key(32).optional().describe('its private key, in base64url: `npx web-push generate-vapid-keys` makes both'),
    VAPID_SUBJECT: z
      .string()
      .regex(/^(mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'must be mailto:… or https://…')
      .optional()
      .describe('whom push services may write to: `mailto:ops@example.com`'),
  },
  ({ VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey, VAPID_SUBJECT: subject }): VapidSettings | undefined => {
    if (!publicKey && !privateKey && !subject) return undefined;
    if (!publicKey || !privateKey || !subject)
      throw new BadSettings('VAPID_PUBLIC_KEY: VAPID_PUBLIC_KEY, VAPID_PRIVATE_KEY and VAPID_SUBJECT are set together');
    return { publicKey, privateKey, subject };
  },
);
