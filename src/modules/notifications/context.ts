import type { Email } from '#adapters/email/port.ts';
import type { Push } from '#adapters/push/port.ts';
import type { Sms } from '#adapters/sms/port.ts';
import { catalog } from '#catalog';
import { identity } from '#identity';
import { inventory } from '#inventory';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { media } from '#media';
import { reviews } from '#reviews';
import type { notificationSettings } from './settings.ts';

export const needs = { identity, media, inventory, catalog, reviews };

export type Notifications = Context<typeof needs, { email: Email; sms: Sms; push: Push }, SettingsOf<typeof notificationSettings>>;
