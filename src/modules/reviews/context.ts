import { catalog } from '#catalog';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { moderation } from '#moderation';
import { orders } from '#orders';
import type { reviewSettings } from './settings.ts';

export const needs = { identity, moderation, catalog, orders };

export type Reviews = Context<typeof needs, unknown, SettingsOf<typeof reviewSettings>>;
