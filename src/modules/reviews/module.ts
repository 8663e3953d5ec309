import { runs } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { reviews } from '#reviews';
import { life } from './account-life.ts';
import { askToLook } from './ask-to-look.ts';
import { needs, type Reviews } from './context.ts';
import { askToLookJob, obeyDecisionJob, settleItemJob, tellRatingJob } from './jobs.ts';
import { obeyDecision } from './obey-decision.ts';
import { resources } from './resources.ts';
import { reviewMachine } from './review-state.ts';
import { routes } from './routes.ts';
import { reviewSettings } from './settings.ts';
import { settleItem } from './settle-item.ts';
import { subscriptions } from './subscriptions.ts';
import { tables } from './tables.ts';
import { tellRating } from './tell-rating.ts';

export const reviewsModule = module<typeof reviews, Reviews>({
  contract: reviews,
  needs,
  routes,
  resources,
  operations: {},
  jobs: [
    runs(tellRatingJob, (ctx: Reviews, { productId }) => tellRating(ctx, productId)),
    runs(askToLookJob, askToLook),
    runs(settleItemJob, settleItem),
    runs(obeyDecisionJob, obeyDecision),
  ],
  subscriptions,
  settings: reviewSettings,
  permissions: { 'reviews:moderate': { does: 'approves, hides and removes reviews', roles: ['moderator'] } },
  life,
  tables,
  machines: [reviewMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
