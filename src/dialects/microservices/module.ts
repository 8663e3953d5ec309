import { contract } from '#kernel/contracts.ts';
import { runs } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { MICROSERVICES, needs } from './context.ts';
import { shipOrder, shipOrderJob, subscriptions } from './orders.ts';
import { routes } from './routes.ts';
import { microservicesSettings } from './settings.ts';

export const microservicesModule = module({
  contract: contract(MICROSERVICES, { operations: {}, events: {} }),
  needs,
  routes,
  operations: {},
  jobs: [runs(shipOrderJob, shipOrder)],
  subscriptions,
  settings: microservicesSettings,
  limits: { 'open-uploads': { points: 30, seconds: 60 } },
  dialect: {
    title: 'Microservices',
    about: 'The published API of a marketplace of five small services, which Souk speaks for the clients written for it.',
    bases: ['auth', 'banner', 'category', 'product', 'order'].map((service) => `/compat/${service}`),
    document: '/compat/microservices/openapi.json',
    sentence: 'message',
  },
});
