import { catalog } from '#catalog';
import { identity } from '#identity';
import { inventory } from '#inventory';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { wallet } from '#wallet';
import type { orderSettings } from './settings.ts';

export const needs = { identity, wallet, inventory, catalog };

export type Orders = Context<typeof needs, unknown, SettingsOf<typeof orderSettings>>;
