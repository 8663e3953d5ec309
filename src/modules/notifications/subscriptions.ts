import { categoryCleanedUp, productCleanedUp, productDecided } from '#catalog';
import { levelsChanged } from '#inventory';
import { on } from '#kernel/events.ts';
import { uploadRefused } from '#media';
import { orderPlaced } from '#orders';
import { reviewModerated } from '#reviews';
import { payoutFailed, payoutSent, payoutWaiting } from '#wallet';
import { hearUploadRefused } from './about-upload.ts';
import {
  hearCategoryCleanedUp,
  hearLevelsChanged,
  hearOrderPlaced,
  hearPayout,
  hearProductCleanedUp,
  hearProductDecided,
  hearReviewModerated,
} from './hear.ts';
import { shipmentSubscriptions } from './hear-shipments.ts';

/** A notice has a key, so an event that arrives twice tells nothing twice. */
const byKey = { isRepeatable: true };

export const subscriptions = [
  on(orderPlaced, hearOrderPlaced, byKey),
  on(reviewModerated, hearReviewModerated, byKey),
  on(productDecided, hearProductDecided, byKey),
  on(productCleanedUp, hearProductCleanedUp, byKey),
  on(categoryCleanedUp, hearCategoryCleanedUp, byKey),
  on(uploadRefused, hearUploadRefused, byKey),
  on(levelsChanged, hearLevelsChanged),
  ...shipmentSubscriptions,
  on(payoutSent, hearPayout('payout-sent'), byKey),
  on(payoutFailed, hearPayout('payout-failed'), byKey),
  on(payoutWaiting, hearPayout('payout-waiting'), byKey),
];
