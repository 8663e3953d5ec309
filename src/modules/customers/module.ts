import { customers } from '#customers';
import { module } from '#kernel/module.ts';
import { type Customers, needs } from './context.ts';
import { jobs, timers } from './jobs.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { tables } from './tables.ts';

export const customersModule = module<typeof customers, Customers>({
  contract: customers,
  needs,
  routes,
  resources,
  operations: {},
  jobs,
  timers,
  asksEveryModule: true,
  tables,
  migrations: new URL('./migrations/', import.meta.url),
});
