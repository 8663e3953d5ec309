import { runs } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { reviews } from '#reviews';
import { life } from './account-life.ts';
import { applyDecision } from './apply-decision.ts';
import { needs, type Reviews } from './context.ts';
import { applyDecisionJob, requestModerationJob, resolveItemJob, sendRatingJob } from './jobs.ts';
import { reasonOf } from './reason-of.ts';
import { requestModeration } from './request-moderation.ts';
import { resolveItem } from './resolve-item.ts';
import { resources } from './resources.ts';
import { reviewMachine } from './review-state.ts';
import { routes } from './routes.ts';
import { sendRating } from './send-rating.ts';
import { reviewSettings } from './settings.ts';
import { subscriptions } from './subscriptions.ts';
import { tables } from './tables.ts';

export const reviewsModule = module<typeof reviews, Reviews>({
  contract: reviews,
  needs,
  routes,
  resources,
  operations: { reasonOf },
  jobs: [
    runs(sendRatingJob, (ctx: Reviews, { productId }) => sendRating(ctx, productId)),
    runs(requestModerationJob, requestModeration),
    runs(resolveItemJob, resolveItem),
    runs(applyDecisionJob, applyDecision),
  ],
  subscriptions,
  settings: reviewSettings,
  permissions: { 'reviews:moderate': { does: 'approves, hides and removes reviews', roles: ['moderator'] } },
  life,
  tables,
  machines: [reviewMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
