import { z } from 'zod';
import { BadSettings, settings } from '#kernel/settings-part.ts';
import type { SmtpSettings } from './smtp.ts';

/** The server that mail goes through; undefined where mail is captured and not sent. */
export const emailSettings = settings(
  {
    SMTP_URL: z
      .url({ protocol: /^smtps?$/, error: 'must be smtp://user:password@host:port or smtps://…' })
      .optional()
      .describe(
        'the server that mail goes through: `smtp://user:password@host:587` (STARTTLS is demanded, except on this machine) or `smtps://…:465`; without it mail is captured and not sent',
      ),
    MAIL_FROM: z
      .string()
      .regex(/^([^<>\r\n]* <)?[^\s<>@]+@[^\s<>@]+>?$/, 'must be an address, or: Name <address>')
      .optional()
      .describe('the sender of all mail, together with `SMTP_URL`: `Souk <no-reply@example.com>`'),
  },
  ({ SMTP_URL: url, MAIL_FROM: from }): SmtpSettings | undefined => {
    if (!url && !from) return undefined;
    if (!url) throw new BadSettings('SMTP_URL: say which server takes the mail that MAIL_FROM sends');
    if (!from) throw new BadSettings('MAIL_FROM: say whom the mail comes from: Souk <no-reply@example.com>');
    return { url, from, allowsPlain: ['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname) };
  },
);
