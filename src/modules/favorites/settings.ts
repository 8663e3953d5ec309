import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

export const favoriteSettings = settings(
  {
    FAVORITES_PER_ACCOUNT: z.coerce
      .number()
      .int()
      .min(1)
      .max(10_000)
      .default(500)
      .describe('how many favorites an account may have, 1 to 10000'),
  },
  (given) => ({ perAccount: given.FAVORITES_PER_ACCOUNT }),
);
