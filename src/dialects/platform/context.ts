import type { OutgoingHttp } from '#adapters/outgoing-http/port.ts';
import { catalog } from '#catalog';
import { fulfilment } from '#fulfilment';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { orders } from '#orders';
import type { platformSettings } from './settings.ts';

export const needs = { identity, catalog, orders, fulfilment };

export type Platform = Context<typeof needs, { readonly outgoingHttp: OutgoingHttp }, SettingsOf<typeof platformSettings>>;

/** What its orders and its id tokens are marked by. */
export const PLATFORM = 'platform';
