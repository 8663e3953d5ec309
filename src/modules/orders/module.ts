import { seconds } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { orders } from '#orders';
import { life } from './account-life.ts';
import { compensateOrder } from './compensate-order.ts';
import { needs, type Orders } from './context.ts';
import { explainOrder } from './explain-order.ts';
import { follow, followAll } from './follow.ts';
import { gauges } from './gauges.ts';
import { hasBought } from './has-bought.ts';
import { compensateOrderJob } from './jobs.ts';
import { orderMachine } from './order-state.ts';
import { placeFor } from './place-order.ts';
import { resumeOrders } from './resolve-order.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { orderSettings } from './settings.ts';
import { tables } from './tables.ts';
import { deliveryAddress, newest, placedOrder, placedOrders, view, withoutShipments } from './tell-order.ts';

export const ordersModule = module<typeof orders, Orders>({
  contract: orders,
  needs,
  routes,
  resources,
  operations: { place: placeFor, newest, hasBought, placedOrder, placedOrders, withoutShipments, follow, followAll, deliveryAddress, view },
  jobs: [runs(compensateOrderJob, compensateOrder)],
  timers: [timer('orders.resume-stale', seconds(2), resumeOrders)],
  gauges,
  settings: orderSettings,
  permissions: {
    'orders:read': { does: "reads other people's orders", roles: ['support'] },
    'sales:create': { does: 'buys for a customer', roles: ['support'] },
  },
  sealed,
  life,
  explains: { order: explainOrder },
  tables,
  machines: [orderMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
