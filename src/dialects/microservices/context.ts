import { banners } from '#banners';
import { catalog } from '#catalog';
import { fulfilment } from '#fulfilment';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { media } from '#media';
import { orders } from '#orders';
import type { microservicesSettings } from './settings.ts';

export const needs = { identity, banners, catalog, orders, fulfilment, media };

export type Microservices = Context<typeof needs, unknown, SettingsOf<typeof microservicesSettings>>;

/** What its orders are marked by. */
export const MICROSERVICES = 'microservices';
