import { module } from '#kernel/module.ts';
import { orders } from '#orders';
import { needs, type Orders } from './context.ts';
import { hasBought } from './has-bought.ts';
import { jobs, timers } from './jobs.ts';
import { routes } from './routes.ts';

export const ordersModule = module<typeof orders, Orders>({
  contract: orders,
  needs,
  routes,
  operations: { hasBought },
  jobs,
  timers,
  migrations: new URL('./migrations/', import.meta.url),
});
