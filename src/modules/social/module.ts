import { minutes } from '#kernel/clock.ts';
import { timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { social } from '#social';
import { needs, type Social } from './context.ts';
import { forgetExpired } from './forget-expired.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { socialSettings } from './settings.ts';
import { tables } from './tables.ts';

export const socialModule = module<typeof social, Social>({
  contract: social,
  needs,
  ports: ['identityProviders'],
  routes,
  resources,
  operations: {},
  timers: [timer('social.forget-expired', minutes(5), forgetExpired)],
  settings: socialSettings,
  limits: { 'sign-in-elsewhere': { points: 60, seconds: 60 } },
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
