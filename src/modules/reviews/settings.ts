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
    REVIEW_FLAG_ACCOUNT_HOURS: z.coerce
      .number()
      .int()
      .min(0)
      .max(8760)
      .default(24)
      .describe('hours that an account with a confirmed email must exist until its flags count toward hiding a review, 0 to 8760'),
  },
  (given) => ({ flagsToHide: given.REVIEW_FLAGS_TO_HIDE, flagAccountHours: given.REVIEW_FLAG_ACCOUNT_HOURS }),
);
