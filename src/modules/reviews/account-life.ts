import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import type { Reviews } from './context.ts';
import { forgetCustomer } from './forget-customer.ts';
import { FlagRecord, flagsOf, ReviewRecord, recordsOf } from './records-of.ts';

export const life: AccountLife<Reviews> = {
  forget: forgetCustomer,
  export: exporting(
    {
      reviews: z.array(ReviewRecord),
      flags: z.array(FlagRecord).meta({ description: 'What you said of reviews that should not stand' }),
    },
    async (ctx: Reviews, whose) => ({ reviews: await recordsOf(ctx, whose), flags: await flagsOf(ctx, whose) }),
  ),
};
