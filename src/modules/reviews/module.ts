import { module } from '#kernel/module.ts';
import { reviews } from '#reviews';
import { life } from './account-life.ts';
import { needs, type Reviews } from './context.ts';
import { jobs } from './jobs.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { reviewSettings } from './settings.ts';
import { subscriptions } from './subscriptions.ts';
import { tables } from './tables.ts';

export const reviewsModule = module<typeof reviews, Reviews>({
  contract: reviews,
  needs,
  routes,
  resources,
  operations: {},
  jobs,
  subscriptions,
  settings: reviewSettings,
  permissions: { 'reviews:moderate': { does: 'approves, hides and removes reviews', roles: ['moderator'] } },
  life,
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
