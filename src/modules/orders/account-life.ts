import { z } from 'zod';
import { type AccountLife, exporting } from '#kernel/account-life.ts';
import { blockersOf, closeAccount, forgetAccount, reopenAccount } from './closed-account.ts';
import type { Orders } from './context.ts';
import { OrderRecord, recordsOf } from './record.ts';

export const life: AccountLife<Orders> = {
  blockers: blockersOf,
  close: closeAccount,
  reopen: reopenAccount,
  forget: forgetAccount,
  export: exporting({ orders: z.array(OrderRecord) }, async (ctx: Orders, whose) => ({ orders: await recordsOf(ctx, whose) })),
};
