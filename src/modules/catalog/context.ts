import { identity } from '#identity';
import { inventory } from '#inventory';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { media } from '#media';
import type { catalogSettings } from './settings.ts';

export const needs = { identity, inventory, media };

export type Catalog = Context<typeof needs, unknown, SettingsOf<typeof catalogSettings>>;
