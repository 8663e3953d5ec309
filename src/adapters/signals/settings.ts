import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

/** Where signals between processes go; undefined for LISTEN and NOTIFY of the database. */
export const signalsSettings = settings(
  {
    SIGNALS_URL: z
      .url({ protocol: /^rediss?$/, error: 'must be redis://user:password@host:6379 or rediss://…' })
      .optional()
      .describe(
        'a Redis 6 or later by which processes wake each other, where LISTEN and NOTIFY cannot be had: `redis://user:password@host:6379`; without it they go through the database. The same in every process',
      ),
  },
  ({ SIGNALS_URL: url }) => url,
);
