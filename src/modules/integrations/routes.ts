import { notFound } from '#kernel/problems.ts';
import { del, get, patch, permitted, post } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import { ChangeWebhook, changeWebhook, deleteWebhook, fromSetting, pauseWebhook, resumeWebhook, showWebhook } from './change-webhook.ts';
import type { Integrations } from './context.ts';
import { CreatedWebhook, CreateWebhook, createWebhook, tooManyWebhooks } from './create-webhook.ts';
import { Delivery } from './delivery.ts';
import { EventRecord } from './event.ts';
import { DeliveriesQuery, listDeliveries, listWebhooks, WebhooksQuery } from './list-deliveries.ts';
import { EventsQuery, listEvents } from './list-events.ts';
import { redeliver, showDelivery } from './redeliver.ts';
import { RotatedSecret, RotateSecret, rotateSecret, secretShown, showSecret, twoSecretsLive } from './rotate-secret.ts';
import { Webhook } from './webhook.ts';
import { webhookMachine } from './webhook-state.ts';

const access = permitted('webhooks:manage');

export const routes = [
  get('/webhooks', {
    summary: 'Webhooks of the shop, newest first',
    description: 'All of them, whoever made them, and those that settings make. Secrets are never shown again.',
    access,
    query: WebhooksQuery,
    returns: page(Webhook),
    problems: [],
    handle: (ctx: Integrations, { query }) => listWebhooks(ctx, query),
  }),
  post('/webhooks', {
    summary: 'Have events sent to an address',
    description:
      'Shows the secret that signs the messages, once. It is sent what happens from now on. With `partner` it is sent shipments that go to that partner, with what the partner may know of them, ' +
      'in order for each order; then only `fulfilment.shipment-…` events are possible. The same call with the same Idempotency-Key within an hour shows the same secret, unless the webhook has another one by then.',
    access,
    mfa: true,
    idempotent: true,
    body: CreateWebhook,
    returns: CreatedWebhook,
    status: 201,
    location: ({ id }) => `/webhooks/${id}`,
    problems: [tooManyWebhooks],
    handle: (ctx: Integrations, { body, key }) => createWebhook(ctx, body, key),
  }),
  get('/webhooks/{id}', {
    summary: 'A webhook',
    description: 'Where it leads, what it is sent and how it fares; never its secret.',
    access,
    returns: Webhook,
    problems: [notFound],
    handle: (ctx: Integrations, { params }) => showWebhook(ctx, params.id),
  }),
  patch('/webhooks/{id}', {
    summary: 'Change where a webhook leads, or what it is sent',
    description: 'An absent field does not change. What is on its way goes to the new address.',
    access,
    mfa: true,
    body: ChangeWebhook,
    returns: Webhook,
    problems: [notFound, fromSetting],
    handle: (ctx: Integrations, { params, body }) => changeWebhook(ctx, params.id, body),
  }),
  del('/webhooks/{id}', {
    summary: 'Delete a webhook',
    description: 'Nothing is sent any more, not even what is on its way.',
    access,
    mfa: true,
    returns: null,
    problems: [notFound, fromSetting],
    handle: (ctx: Integrations, { params }) => deleteWebhook(ctx, params.id),
  }),
  post('/webhooks/{id}/secret', {
    summary: 'Give a webhook a new secret',
    description:
      'Shows the new secret, once. Until the old one ends every message carries a signature by each, so that its receiver can change over. The same call with the same Idempotency-Key within an hour shows the same secret.',
    access,
    mfa: true,
    body: RotateSecret,
    returns: RotatedSecret,
    problems: [notFound, fromSetting, twoSecretsLive, secretShown],
    handle: (ctx: Integrations, { params, body, key }) => rotateSecret(ctx, params.id, body, key),
    again: (ctx: Integrations, { params, key }, first) => showSecret(ctx, params.id, { key, at: first.at }),
  }),
  post('/webhooks/{id}/pause', {
    summary: 'Pause a webhook',
    description: 'What happens meanwhile is sent when it is resumed, as far as it is still stored.',
    access,
    returns: Webhook,
    problems: [notFound, webhookMachine.wrongState],
    handle: (ctx: Integrations, { params }) => pauseWebhook(ctx, params.id),
    again: (ctx: Integrations, { params }) => showWebhook(ctx, params.id),
  }),
  post('/webhooks/{id}/resume', {
    summary: 'Resume a webhook that is paused, or that answered 410',
    description: 'It is sent what is on its way, then what happened meanwhile, as far as it is still stored.',
    access,
    returns: Webhook,
    problems: [notFound, webhookMachine.wrongState],
    handle: (ctx: Integrations, { params }) => resumeWebhook(ctx, params.id),
    again: (ctx: Integrations, { params }) => showWebhook(ctx, params.id),
  }),
  get('/webhooks/{id}/deliveries', {
    summary: 'What was sent to a webhook and what it answered, newest first',
    description: 'Each with its last attempt: the body that was sent, and the answer or why there was none.',
    access,
    query: DeliveriesQuery,
    returns: page(Delivery),
    problems: [notFound],
    handle: (ctx: Integrations, { params, query }) => listDeliveries(ctx, params.id, query),
  }),
  post('/webhooks/{id}/deliveries/{deliveryId}/redelivery', {
    summary: 'Send a message again',
    description: 'At once and with all its retries, under the same `webhook-id`: a receiver that has it already knows it.',
    access,
    status: 202,
    returns: Delivery,
    problems: [notFound],
    handle: (ctx: Integrations, { params }) => redeliver(ctx, params.id, params.deliveryId),
    again: (ctx: Integrations, { params }) => showDelivery(ctx, params.id, params.deliveryId),
  }),
  get('/events', {
    summary: 'What happened, oldest first',
    description:
      'For those who ask instead of being sent it. Store the id of the last event that you saw, and ask with `after`: no event is ever added before one that was listed.',
    access,
    query: EventsQuery,
    returns: page(EventRecord),
    problems: [],
    handle: (ctx: Integrations, { query }) => listEvents(ctx, query),
  }),
];
