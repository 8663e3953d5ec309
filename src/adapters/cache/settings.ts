import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

/** What the processes share; undefined where each has its own memory. */
export const cacheSettings = settings(
  {
    CACHE_URL: z
      .url({ protocol: /^rediss?$/, error: 'must be redis://user:password@host:6379 or rediss://…' })
      .optional()
      .describe(
        'a Redis 6 or later that limits are counted in, for all processes together: `redis://user:password@host:6379`; without it each process counts its own share',
      ),
  },
  ({ CACHE_URL: url }) => url,
);
