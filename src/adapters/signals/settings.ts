import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

/** Where signals between processes go; undefined for LISTEN and NOTIFY of the database. */
export const signalsSettings = settings(
  {
    SIGNALS_URL: z
      .url({ protocol: /^rediss?$/, error: 'must be redis://user:password@host:6379 or rediss://…' })
      .optional()
      .describe(
        'a Redis 6 or later through which processes wake each other, where LISTEN and NOTIFY do not work (behind a pooler): `redis://user:password@host:6379`; without it they go through the database. The same in every process',
      ),
  },
  ({ SIGNALS_URL: url }) => url,
);
