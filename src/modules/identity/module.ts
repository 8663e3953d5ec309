import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { needs } from './context.ts';
import { identity } from './contract.ts';
import { jobs, timers } from './jobs.ts';
import { limits } from './limits.ts';
import { operations } from './operations.ts';
import { comingPermissions, permissions } from './permissions.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { identitySettings } from './settings.ts';
import { tables } from './tables.ts';

export const identityModule = module({
  contract: identity,
  needs,
  ports: ['email'],
  routes,
  resources,
  operations,
  jobs,
  timers,
  settings: identitySettings,
  permissions: { ...permissions, ...comingPermissions },
  limits,
  sealed,
  life,
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
