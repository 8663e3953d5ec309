import { seconds } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { orders } from '#orders';
import { life } from './account-life.ts';
import { needs, type Orders } from './context.ts';
import { giveBack } from './give-back.ts';
import { hasBought } from './has-bought.ts';
import { giveBackJob } from './jobs.ts';
import { orderMachine } from './order-state.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { orderSettings } from './settings.ts';
import { resumeOrders } from './settle-order.ts';
import { tables } from './tables.ts';

export const ordersModule = module<typeof orders, Orders>({
  contract: orders,
  needs,
  routes,
  resources,
  operations: { hasBought },
  jobs: [runs(giveBackJob, giveBack)],
  timers: [timer('orders.settle-left', seconds(2), resumeOrders)],
  settings: orderSettings,
  permissions: {
    'orders:read': { does: "reads other people's orders", roles: ['support'] },
    'sales:create': { does: 'buys for a customer', roles: ['support'] },
  },
  sealed,
  life,
  tables,
  machines: [orderMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
