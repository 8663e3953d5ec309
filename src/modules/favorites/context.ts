import { catalog } from '#catalog';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { notifications } from '#notifications';
import { profiles } from '#profiles';
import type { favoriteSettings } from './settings.ts';

export const needs = { identity, profiles, catalog, notifications };

export type Favorites = Context<typeof needs, unknown, SettingsOf<typeof favoriteSettings>>;
