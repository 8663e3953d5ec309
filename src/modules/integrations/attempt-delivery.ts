import { OutgoingFailure } from '#adapters/outgoing-http/port.ts';
import type { Integrations } from './context.ts';
import { type DeliveryRow, messageOf } from './delivery.ts';
import { isOrdered, partnerOf } from './recipient.ts';
import { RETRY_AFTER_MS, wishedPause } from './retries.ts';
import { answerPlace } from './sealed.ts';
import { webhookHeaders } from './signature.ts';
import { liveSecrets, type WebhookRow } from './webhook.ts';

/** How an attempt ended. */
export interface Attempt {
  id: string;
  subject: string;
  /** Null where it is tried again. */
  outcome: DeliveryRow['outcome'];
  nextAt: Date;
  at: Date;
  tookMs: number;
  status: number | null;
  failure: string | null;
  answerSealed: string | null;
  /** It answered 410: it wants nothing any more. */
  isGone: boolean;
  /** It would have failed with any message. */
  isOfWebhook: boolean;
  /** Before when the receiver wants nothing. */
  wish: Date | undefined;
}

const STORED_CHARACTERS = 2000;

/** Sends one message and says how it ended. @throws what is no failure of the receiver: then nothing was noted, and it is sent again. */
export async function attemptDelivery(ctx: Integrations, webhook: WebhookRow, row: DeliveryRow): Promise<Attempt> {
  const at = ctx.clock.now();
  const attempt: Attempt = {
    ...{ id: row.id, subject: row.subject, outcome: null, nextAt: at, at, tookMs: 0, status: null, failure: null, answerSealed: null },
    ...{ isGone: false, isOfWebhook: false, wish: undefined },
  };
  const data = await dataFor(ctx, webhook, row);
  if (!data) return { ...attempt, outcome: 'skipped', failure: 'There is nothing to tell this receiver.' };
  const body = JSON.stringify(messageOf(row, data));
  const began = performance.now();
  const answer = await ctx.outgoingHttp
    .post({
      url: webhook.url,
      headers: {
        'user-agent': 'Souk-Webhooks/1',
        ...webhookHeaders({ id: row.event_id, at, body, secrets: liveSecrets(ctx.secrets, webhook, at) }),
      },
      body,
      signal: ctx.signal,
    })
    .catch((error) => {
      if (error instanceof OutgoingFailure) return error;
      throw error;
    });
  const tookMs = Math.round(performance.now() - began);
  const retryMs = RETRY_AFTER_MS[row.attempts];
  const again: Pick<Attempt, 'outcome' | 'nextAt'> =
    retryMs === undefined ? { outcome: 'failed', nextAt: at } : { outcome: null, nextAt: new Date(at.getTime() + retryMs) };
  if (answer instanceof OutgoingFailure) return { ...attempt, ...again, tookMs, failure: answer.message.slice(0, 500), isOfWebhook: true };
  const { status } = answer;
  const text = answer.body.slice(0, STORED_CHARACTERS);
  const told = { tookMs, status, answerSealed: text === '' ? null : ctx.secrets.seal(text, answerPlace(row.id)) };
  if (status >= 200 && status < 300) return { ...attempt, ...told, outcome: 'delivered' };
  return {
    ...attempt,
    ...told,
    ...again,
    failure:
      status >= 300 && status < 400 ? 'It answered with a redirection, which is not followed.' : 'Only an answer of 200 to 299 counts.',
    isGone: status === 410,
    isOfWebhook: status >= 500 || status === 408 || status === 429,
    wish: status === 429 || status === 503 ? wishedPause(answer.retryAfter, at) : undefined,
  };
}

/** The event itself; of a partner's webhook what the partner may know of the shipment now: an event holds no address. */
async function dataFor(ctx: Integrations, webhook: WebhookRow, { payload }: DeliveryRow): Promise<Record<string, unknown> | null> {
  if (!isOrdered(webhook)) return payload;
  const { shipmentId } = payload;
  if (typeof shipmentId !== 'string') return null;
  const view = await ctx.fulfilment.partnerView({ shipmentId, partner: partnerOf(webhook, payload) });
  return webhook.role === 'carrier' && view?.state === 'placed' ? null : view; // it is told when there is something to fetch
}
