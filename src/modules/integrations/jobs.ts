import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id, Time } from '#kernel/shapes.ts';

export const tellOwnerJob = job('integrations.tell-owner', z.object({ webhookId: Id, since: Time }), { seconds: 30 });

export const sendWebhookJob = job('integrations.send-webhook', z.object({ webhookId: Id }), { seconds: 60, parallel: 6, lane: 'webhooks' });
