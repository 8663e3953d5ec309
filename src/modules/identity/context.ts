import type { Email } from '#adapters/email/port.ts';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import type { identitySettings } from './settings.ts';

/** The lowest module: it asks nobody. */
export const needs = {};

export type Identity = Context<typeof needs, { email: Email }, SettingsOf<typeof identitySettings>>;
