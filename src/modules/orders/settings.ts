import { z } from 'zod';
import { settings } from '#kernel/settings-part.ts';

export const orderSettings = settings(
  {
    ORDER_LEASE_SECONDS: z.coerce
      .number()
      .int()
      .min(1)
      .max(600)
      .default(10)
      .describe('how long one process may take to finish an order before another one tries, 1 to 600'),
    COMMISSION_PERCENT: z.coerce
      .number()
      .min(0)
      .max(50)
      .multipleOf(0.01)
      .default(5)
      .describe("the platform's share of what sellers sell, 0 to 50, two decimals; not of the shop's own products"),
  },
  (given, { largestAmounts }) => ({
    largestAmounts,
    leaseMs: given.ORDER_LEASE_SECONDS * 1000,
    /** In hundredths of a percent. */
    commissionBasisPoints: Math.round(given.COMMISSION_PERCENT * 100),
  }),
);
