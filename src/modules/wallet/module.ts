import { minutes, seconds } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { wallet } from '#wallet';
import { life } from './account-life.ts';
import { chargeMachine } from './charge-state.ts';
import { resumeCharges } from './charge-wallet.ts';
import { makeCheckpoint } from './checkpoint.ts';
import { needs, type Wallet } from './context.ts';
import { deliver } from './deliver.ts';
import { explainOrder } from './explain-order.ts';
import { fixtures } from './fixtures.ts';
import { gauges } from './gauges.ts';
import { capture, expireHolds, hold, releaseHold } from './hold.ts';
import { payBackJob, sendPayoutJob } from './jobs.ts';
import { collectCash, pay } from './pay.ts';
import { payBack } from './pay-back.ts';
import { paymentMachine } from './payment-state.ts';
import { payoutMachine } from './payout-state.ts';
import { proveLedger } from './proof.ts';
import { cancelPayment, refund } from './refund.ts';
import { resources } from './resources.ts';
import { rollUp } from './rollup.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { resumePayouts, sendPayout } from './send-payout.ts';
import { walletSettings } from './settings.ts';
import { tables } from './tables.ts';

export const walletModule = module<typeof wallet, Wallet>({
  contract: wallet,
  needs,
  ports: ['payments', 'payouts'],
  routes,
  resources,
  operations: {
    pay,
    cancelPayment,
    deliver,
    collectCash,
    refund,
    hold,
    capture,
    releaseHold,
    prove: (ctx, { full }) => proveLedger(ctx, { full }),
  },
  jobs: [runs(payBackJob, payBack), runs(sendPayoutJob, sendPayout)],
  timers: [
    timer('wallet.resume-charges', seconds(10), resumeCharges),
    timer('wallet.resume-payouts', seconds(10), resumePayouts),
    timer('wallet.expire-holds', seconds(10), expireHolds),
    timer('wallet.roll-up', minutes(1), rollUp),
    timer('wallet.checkpoint', minutes(15), (ctx: Wallet) => makeCheckpoint(ctx)),
  ],
  gauges,
  settings: walletSettings,
  permissions: {
    'wallet:manage': { does: "charges and deducts other people's wallets", roles: ['finance'] },
    'wallet:write-off': { does: 'writes off what sellers owe', roles: ['finance'] },
    'payouts:approve': { does: 'sees all payouts, and approves those above the limit', roles: ['finance'] },
    'ledger:read': { does: 'reads wallets, journals and the proof', roles: ['finance'] },
  },
  sealed,
  life,
  explains: { order: explainOrder },
  tables,
  machines: [chargeMachine, paymentMachine, payoutMachine],
  fixtures,
  migrations: new URL('./migrations/', import.meta.url),
});
