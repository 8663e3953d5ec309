import { favorites } from '#favorites';
import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { type Favorites, needs } from './context.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { favoriteSettings } from './settings.ts';
import { tables } from './tables.ts';

export const favoritesModule = module<typeof favorites, Favorites>({
  contract: favorites,
  needs,
  routes,
  resources,
  operations: {},
  settings: favoriteSettings,
  life,
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
