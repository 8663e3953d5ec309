import { z } from 'zod';
import { contract } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Id, Time } from '#kernel/shapes.ts';

/** Nothing more is sent to a webhook, because it failed for days (`failing`), or because it answered 410 Gone (`gone`). */
export const webhookPaused = event(
  'integrations.webhook-paused',
  1,
  z.object({ webhookId: Id, owner: Id.nullable(), reason: z.enum(['failing', 'gone']), failingSince: Time }),
);

export const integrations = contract('integrations', { operations: {}, events: { webhookPaused } });
