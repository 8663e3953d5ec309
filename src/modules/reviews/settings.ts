import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

export const reviewSettings = settings(
  {
    REVIEW_FLAGS_TO_HIDE: z.coerce
      .number()
      .int()
      .min(1)
      .max(1000)
      .default(3)
      .describe('how many people must flag a review until it is hidden and waits for staff, 1 to 1000'),
  },
  (given) => ({ flagsToHide: given.REVIEW_FLAGS_TO_HIDE }),
);
