import { productDecided } from '#catalog';
import { levelsChanged } from '#inventory';
import { on } from '#kernel/events.ts';
import { orderPlaced } from '#orders';
import { reviewModerated } from '#reviews';
import { hearLevelsChanged, hearOrderPlaced, hearProductDecided, hearReviewModerated } from './hear.ts';
import { shipmentSubscriptions } from './hear-shipments.ts';

export const subscriptions = [
  on(orderPlaced, hearOrderPlaced),
  on(reviewModerated, hearReviewModerated),
  on(productDecided, hearProductDecided),
  on(levelsChanged, hearLevelsChanged),
  ...shipmentSubscriptions,
];
