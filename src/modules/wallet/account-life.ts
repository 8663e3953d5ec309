import { type AccountLife, exporting } from '#kernel/account-life.ts';
import { blockersOf, closeOwner, forgetOwner, reopenOwner } from './closed-owner.ts';
import type { Wallet } from './context.ts';
import { recordOf, WalletRecord } from './record.ts';

export const life: AccountLife<Wallet> = {
  blockers: blockersOf,
  close: closeOwner,
  reopen: reopenOwner,
  forget: forgetOwner,
  export: exporting({ wallet: WalletRecord }, async (ctx: Wallet, whose) => ({ wallet: await recordOf(ctx, whose) })),
};
