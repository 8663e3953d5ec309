import { favorites } from '#favorites';
import { runs } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { type Favorites, needs } from './context.ts';
import { tellAdmirersJob } from './jobs.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { favoriteSettings } from './settings.ts';
import { subscriptions } from './subscriptions.ts';
import { tables } from './tables.ts';
import { tellAdmirers } from './tell-admirers.ts';

export const favoritesModule = module<typeof favorites, Favorites>({
  contract: favorites,
  needs,
  routes,
  resources,
  operations: {},
  jobs: [runs(tellAdmirersJob, tellAdmirers)],
  subscriptions,
  settings: favoriteSettings,
  life,
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
