import { productDecided } from '#catalog';
import { levelsChanged } from '#inventory';
import { on } from '#kernel/events.ts';
import { orderPlaced } from '#orders';
import { reviewModerated } from '#reviews';
import { payoutFailed, payoutSent, payoutWaiting } from '#wallet';
import { hearLevelsChanged, hearOrderPlaced, hearPayout, hearProductDecided, hearReviewModerated } from './hear.ts';
import { shipmentSubscriptions } from './hear-shipments.ts';

export const subscriptions = [
  on(orderPlaced, hearOrderPlaced),
  on(reviewModerated, hearReviewModerated),
  on(productDecided, hearProductDecided),
  on(levelsChanged, hearLevelsChanged),
  ...shipmentSubscriptions,
  on(payoutSent, hearPayout('payout-sent')),
  on(payoutFailed, hearPayout('payout-failed')),
  on(payoutWaiting, hearPayout('payout-waiting')),
];
