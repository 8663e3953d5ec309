import type { OutgoingHttp } from '#adapters/outgoing-http/port.ts';
import { fulfilment } from '#fulfilment';
import type { Context } from '#kernel/context.ts';
import type { EventKinds } from '#kernel/event-log.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { notifications } from '#notifications';
import type { integrationSettings } from './settings.ts';

export const needs = { fulfilment, notifications };

export type Integrations = Context<
  typeof needs,
  { readonly outgoingHttp: OutgoingHttp } & EventKinds,
  SettingsOf<typeof integrationSettings>
>;
