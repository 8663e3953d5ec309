import { fulfilment } from '#fulfilment';
import { minutes, seconds } from '#kernel/clock.ts';
import { runsTogether, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { completeShipments } from './complete-shipments.ts';
import { type FulfilmentContext, needs } from './context.ts';
import { explainOrder } from './explain-order.ts';
import { finishOrders } from './finish-order.ts';
import { gauges } from './gauges.ts';
import { openShipmentsJob } from './jobs.ts';
import { partnerView } from './list-shipments.ts';
import { openAll, openMissed } from './open-shipments.ts';
import { resources } from './resources.ts';
import { returnMachine } from './return-state.ts';
import { routes } from './routes.ts';
import { fulfilmentSettings } from './settings.ts';
import { shipmentMachine } from './shipment-state.ts';
import { subscriptions } from './subscriptions.ts';
import { tables } from './tables.ts';
import { driveOrder } from './take-step.ts';

export const fulfilmentModule = module<typeof fulfilment, FulfilmentContext>({
  contract: fulfilment,
  needs,
  routes,
  resources,
  operations: { drive: driveOrder, partnerView },
  jobs: [runsTogether(openShipmentsJob, openAll)],
  timers: [
    timer('fulfilment.open', minutes(1), openMissed),
    timer('fulfilment.finish', seconds(5), finishOrders),
    timer('fulfilment.complete', minutes(5), completeShipments),
  ],
  subscriptions,
  gauges,
  settings: fulfilmentSettings,
  permissions: {
    'orders:refund': { does: 'refunds orders', roles: ['finance'] },
    'orders:pack': { does: 'packs orders', roles: [], forPartners: true },
    'orders:ship': { does: 'ships orders', roles: [], forPartners: true },
    'orders:deliver': { does: 'delivers orders', roles: [], forPartners: true },
  },
  life,
  explains: { order: explainOrder },
  tables,
  machines: [shipmentMachine, returnMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
