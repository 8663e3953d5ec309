import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

export const microservicesSettings = settings(
  {
    COMPAT_OPEN_UPLOADS: z
      .enum(['on', 'off'])
      .optional()
      .describe(
        '`on` lets anybody upload banners and categories by the dialect `microservices`, as its API did; without it as `DEMO` ([dialects.md](dialects.md))',
      ),
  },
  ({ COMPAT_OPEN_UPLOADS: open }, { defaultCurrency, demo }) => ({
    defaultCurrency,
    openUploads: open === undefined ? demo : open === 'on',
  }),
);
