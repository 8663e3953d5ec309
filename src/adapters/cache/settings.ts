import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

/** What the processes share; undefined where each has its own memory. */
export const cacheSettings = settings(
  {
    CACHE_URL: z
      .url({ protocol: /^rediss?$/, error: 'must be redis://user:password@host:6379 or rediss://…' })
      .optional()
      .describe(
        'a Redis 6 or later that limits are counted in and public pages are shared through, by all processes together, and of this Souk alone: `redis://user:password@host:6379`; without it each process counts its own share and makes its own pages',
      ),
  },
  ({ CACHE_URL: url }) => url,
);
