import { module } from '#kernel/module.ts';
import { reviews } from '#reviews';
import { needs, type Reviews } from './context.ts';
import { forgetCustomer } from './forget-customer.ts';
import { jobs } from './jobs.ts';
import { flagsOf, recordsOf } from './records-of.ts';
import { routes } from './routes.ts';
import { reviewSettings } from './settings.ts';
import { subscriptions } from './subscriptions.ts';

export const reviewsModule = module<typeof reviews, Reviews>({
  contract: reviews,
  needs,
  routes,
  operations: { forget: forgetCustomer, recordsOf, flagsOf },
  jobs,
  subscriptions,
  settings: reviewSettings,
  permissions: { 'reviews:moderate': { does: 'approves, hides and removes reviews', roles: ['moderator'] } },
  migrations: new URL('./migrations/', import.meta.url),
});
