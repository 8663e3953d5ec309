import { integrations } from '#integrations';
import { minutes, seconds } from '#kernel/clock.ts';
import { runs, timer } from '#kernel/events.ts';
import { module } from '#kernel/module.ts';
import { life } from './account-life.ts';
import { type Integrations, needs } from './context.ts';
import { explainOrder } from './explain-order.ts';
import { forgetOld } from './forget-old.ts';
import { gauges } from './gauges.ts';
import { sendWebhookJob, tellOwnerJob, tryWebhookJob } from './jobs.ts';
import { resources } from './resources.ts';
import { routes } from './routes.ts';
import { sealed } from './sealed.ts';
import { sendWebhook } from './send-webhook.ts';
import { integrationSettings } from './settings.ts';
import { storeEvents } from './store-events.ts';
import { tables } from './tables.ts';
import { tellOwner } from './tell-owner.ts';
import { wakeWebhooks } from './wake-webhooks.ts';
import { webhookMachine } from './webhook-state.ts';

export const integrationsModule = module<typeof integrations, Integrations>({
  contract: integrations,
  needs,
  ports: ['outgoingHttp'],
  routes,
  resources,
  operations: {},
  hearEvery: storeEvents,
  jobs: [runs(sendWebhookJob, sendWebhook), runs(tryWebhookJob, sendWebhook), runs(tellOwnerJob, tellOwner)],
  explains: { order: explainOrder },
  timers: [timer('integrations.wake-webhooks', seconds(2), wakeWebhooks), timer('integrations.forget', minutes(5), forgetOld)],
  gauges,
  settings: integrationSettings,
  permissions: { 'webhooks:manage': { does: 'manages webhooks and reads events', roles: ['operator'] } },
  sealed,
  life,
  tables,
  machines: [webhookMachine],
  migrations: new URL('./migrations/', import.meta.url),
});
