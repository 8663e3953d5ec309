import { module } from '#kernel/module.ts';
import { orders } from '#orders';
import { closeAccount, forgetAccount, openMatters, reopenAccount } from './closed-account.ts';
import { needs, type Orders } from './context.ts';
import { hasBought } from './has-bought.ts';
import { jobs, timers } from './jobs.ts';
import { recordsOf } from './record.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { orderSettings } from './settings.ts';

export const ordersModule = module<typeof orders, Orders>({
  contract: orders,
  needs,
  routes,
  operations: { hasBought, closeAccount, reopenAccount, openMatters, forgetAccount, recordsOf },
  jobs,
  timers,
  settings: orderSettings,
  permissions: {
    'orders:read': { does: "reads other people's orders", roles: ['support'] },
    'sales:create': { does: 'buys for a customer', roles: ['support'] },
  },
  sealed,
  migrations: new URL('./migrations/', import.meta.url),
});
