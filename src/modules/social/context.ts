import type { IdentityProviders } from '#adapters/identity-providers/port.ts';
import { identity } from '#identity';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import type { socialSettings } from './settings.ts';

export const needs = { identity };

export type Social = Context<typeof needs, { identityProviders: IdentityProviders }, SettingsOf<typeof socialSettings>>;
