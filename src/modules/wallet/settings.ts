import { amountLimits } from '#kernel/money.ts';
import { settings } from '#kernel/settings-part.ts';

export const walletSettings = settings(
  {
    LARGEST_BALANCE: amountLimits(100_000_000_000_000, 1_000_000_000_000_000).describe(
      'the most that a wallet may hold after a charge, in minor units, set-aside money and charges under way included, up to 1000000000000000; written as `LARGEST_AMOUNT`',
    ),
    PAYOUT_APPROVAL_ABOVE: amountLimits(1_000_000, 1_000_000_000_000_000).describe(
      'a payout that exceeds this amount, in minor units and with what its owner asked for in the 24 hours before, waits for the approval of a person with `payouts:approve` who is not its owner; written as `LARGEST_AMOUNT`',
    ),
  },
  ({ LARGEST_BALANCE, PAYOUT_APPROVAL_ABOVE }, { defaultCurrency, largestAmounts }) => ({
    defaultCurrency,
    largestAmounts,
    largestBalances: LARGEST_BALANCE,
    payoutApprovalAbove: PAYOUT_APPROVAL_ABOVE,
  }),
);
