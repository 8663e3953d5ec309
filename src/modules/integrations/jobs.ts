import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { FAILURES_IN_A_ROW } from './retries.ts';

export const tellOwnerJob = job('integrations.tell-owner', z.object({ webhookId: Id, since: Time }), { seconds: 30 });

export const sendWebhookJob = job('integrations.send-webhook', z.object({ webhookId: Id }), { seconds: 60, parallel: 6, lane: 'webhooks' });

/** The same, for a webhook at which nothing arrives. It has places of its own: one that never answers takes ten seconds of a place. */
export const tryWebhookJob = job('integrations.try-webhook', z.object({ webhookId: Id }), {
  seconds: 60,
  parallel: 3,
  lane: 'failing-webhooks',
});

/** The job that sends to a webhook which failed so often in a row. */
export const sendingJob = ({ failures }: { failures: number }): typeof sendWebhookJob =>
  failures < FAILURES_IN_A_ROW ? sendWebhookJob : tryWebhookJob;
