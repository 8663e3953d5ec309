import { contract } from '#kernel/contracts.ts';
import { runs } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { needs, PLATFORM } from './context.ts';
import { routes } from './routes.ts';
import { platformSettings } from './settings.ts';
import { subscriptions, tellPartner, tellPartnerJob } from './tell-partner.ts';

export const platformModule = module({
  contract: contract(PLATFORM, { operations: {}, events: {} }),
  needs,
  ports: ['outgoingHttp'],
  routes,
  operations: {},
  jobs: [runs(tellPartnerJob, tellPartner)],
  subscriptions,
  settings: platformSettings,
  dialect: {
    title: 'Platform',
    about: 'A published API of a shop for phones, computers and accessories, which Souk speaks for the clients written for it.',
    bases: ['/compat/platform'],
    document: '/compat/platform/openapi.json',
    sentence: 'message',
    idTokensFor: PLATFORM,
  },
});
