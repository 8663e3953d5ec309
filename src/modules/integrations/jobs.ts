import { z } from 'zod';
import { job } from '#kernel/events.ts';
import { Id } from '#kernel/shapes.ts';

export const sendWebhookJob = job('integrations.send-webhook', z.object({ webhookId: Id }), { seconds: 60, parallel: 6, lane: 'webhooks' });
