import { z } from 'zod';
import { minutes } from '#kernel/clock.ts';
import { settings } from '#kernel/settings-part.ts';

export const catalogSettings = settings(
  {
    IMAGE_DUE_MINUTES: z.coerce
      .number()
      .int()
      .min(1)
      .max(10_080)
      .default(60)
      .describe('how long a product or a category that was announced with an image waits for it until it is removed, 1 to 10080'),
  },
  ({ IMAGE_DUE_MINUTES }, { defaultCurrency }) => ({ defaultCurrency, imageDueMs: minutes(IMAGE_DUE_MINUTES) }),
);
