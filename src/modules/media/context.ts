import type { ImageModeration } from '#adapters/image-moderation/port.ts';
import type { OutgoingHttp } from '#adapters/outgoing-http/port.ts';
import type { Storage } from '#adapters/storage/port.ts';
import type { Context } from '#kernel/context.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import type { mediaSettings } from './settings.ts';

export const needs = {};

export type Media = Context<
  typeof needs,
  { readonly storage: Storage; readonly imageModeration: ImageModeration; readonly outgoingHttp: OutgoingHttp },
  SettingsOf<typeof mediaSettings>
>;
