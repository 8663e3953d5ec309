import { identity } from '#identity';
import { inventory } from '#inventory';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { orders } from '#orders';
import { wallet } from '#wallet';
import type { fulfilmentSettings } from './settings.ts';

export const needs = { identity, wallet, inventory, orders };

export type FulfilmentContext = Context<typeof needs, unknown, SettingsOf<typeof fulfilmentSettings>>;
