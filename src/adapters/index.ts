import { join } from 'node:path';
import { secretsFrom } from '#kernel/secrets.ts';
import type { Settings } from '#kernel/settings.ts';
import type { SettingsOf } from '#kernel/settings-part.ts';
import { memoryCache } from './cache/memory.ts';
import type { OpenCache } from './cache/port.ts';
import { redisCache } from './cache/redis.ts';
import { cacheSettings } from './cache/settings.ts';
import type { CapturedMessage } from './captured.ts';
import { type CapturedEmail, capturedEmail } from './email/captured.ts';
import type { Email } from './email/port.ts';
import { emailSettings } from './email/settings.ts';
import { smtpEmail } from './email/smtp.ts';
import { openNoErrors } from './errors/none.ts';
import type { OpenErrors } from './errors/port.ts';
import { errorSettings } from './errors/settings.ts';
import { facebook } from './identity-providers/facebook.ts';
import { google } from './identity-providers/google.ts';
import type { IdentityProviders } from './identity-providers/port.ts';
import { identityProviderSettings } from './identity-providers/settings.ts';
import { noImageModeration } from './image-moderation/none.ts';
import { nsfwjs } from './image-moderation/nsfwjs.ts';
import type { ImageModeration } from './image-moderation/port.ts';
import { imageModerationSettings } from './image-moderation/settings.ts';
import { guardedHttp } from './outgoing-http/guarded.ts';
import type { OutgoingHttp } from './outgoing-http/port.ts';
import { outgoingHttpSettings } from './outgoing-http/settings.ts';
import type { Payments } from './payments/port.ts';
import { type SimulatedGateway, simulatedGateway } from './payments/simulated.ts';
import { type SimulatedPayouts, simulatedPayouts } from './payouts/simulated.ts';
import { capturedPush } from './push/captured.ts';
import type { Push } from './push/port.ts';
import { pushSettings } from './push/settings.ts';
import { webPushSender } from './push/web-push.ts';
import { pgBossQueue } from './queue/pg-boss.ts';
import type { OpenQueue } from './queue/port.ts';
import { rabbitQueue } from './queue/rabbitmq.ts';
import { queueSettings } from './queue/settings.ts';
import { listenNotify } from './signals/listen-notify.ts';
import type { OpenSignals } from './signals/port.ts';
import { redisSignals } from './signals/redis.ts';
import { signalsSettings } from './signals/settings.ts';
import { capturedSms } from './sms/captured.ts';
import type { Sms } from './sms/port.ts';
import { folderStorage } from './storage/folder.ts';
import type { Storage } from './storage/port.ts';
import { s3Storage } from './storage/s3.ts';
import { storageSettings } from './storage/settings.ts';
import { openNoTracing } from './tracing/none.ts';
import type { OpenTracing } from './tracing/port.ts';
import { tracingSettings } from './tracing/settings.ts';

/** Adapters by the name of their port. */
export interface Adapters {
  readonly [port: string]: unknown;
  /** `items` is what was captured: nothing where mail is really sent. */
  readonly email: Email & { items(to?: string): CapturedEmail[] };
  readonly sms: Sms & { items(to?: string): CapturedMessage[] };
  readonly push: Push & { items(to?: string): CapturedMessage[] };
  readonly payments: Payments & { simulated: SimulatedGateway };
  readonly payouts: SimulatedPayouts;
  readonly identityProviders: IdentityProviders;
  readonly outgoingHttp: OutgoingHttp;
  readonly storage: Storage;
  readonly imageModeration: ImageModeration;
  readonly openCache: OpenCache;
  readonly openQueue: OpenQueue;
  readonly openSignals: OpenSignals;
  readonly openTracing: OpenTracing;
  readonly openErrors: OpenErrors;
}

/** The settings that adapters read, by the name of their port. */
export const adapterSettings = {
  email: emailSettings,
  identityProviders: identityProviderSettings,
  outgoingHttp: outgoingHttpSettings,
  push: pushSettings,
  queue: queueSettings,
  cache: cacheSettings,
  signals: signalsSettings,
  tracing: tracingSettings,
  errors: errorSettings,
  storage: storageSettings,
  imageModeration: imageModerationSettings,
};

type Parts = { [Port in keyof typeof adapterSettings]: SettingsOf<(typeof adapterSettings)[Port]> };

/** Settings in, adapters out: the only place that names a vendor. */
export function openAdapters(settings: Settings): Adapters {
  const {
    email: smtp,
    identityProviders: providers,
    queue: broker,
    cache,
    signals,
    tracing,
    errors,
    outgoingHttp,
    push: vapid,
    storage,
    imageModeration,
  } = settings.parts as Parts;
  const email = smtp ? { ...smtpEmail(smtp), items: () => [] } : capturedEmail();
  const http = guardedHttp(outgoingHttp);
  const souk = { url: storage.url, secret: () => secretsFrom(settings.keys.all()).derive('storage').toString('base64url') };
  return {
    email,
    sms: capturedSms(),
    push: vapid ? { ...webPushSender(vapid, http), items: () => [] } : capturedPush(http),
    openCache: cache ? redisCache(cache) : memoryCache,
    openQueue: broker ? rabbitQueue(broker) : pgBossQueue,
    openSignals: signals ? redisSignals(signals) : listenNotify,
    openTracing: tracing ? async (version) => (await import('./tracing/open-telemetry.ts')).openTelemetry(tracing, version) : openNoTracing,
    openErrors: errors ? async (version) => (await import('./errors/sentry.ts')).sentry(errors, version) : openNoErrors,
    outgoingHttp: http,
    imageModeration: imageModeration ? nsfwjs({ limits: imageModeration }) : noImageModeration,
    storage: storage.s3
      ? s3Storage(storage.s3, souk)
      : folderStorage({ folder: storage.folder ?? join(settings.dataFolder, 'media'), ...souk }),
    payments: { simulated: simulatedGateway() },
    payouts: simulatedPayouts(),
    identityProviders: {
      ...(providers.google ? { google: google(providers.google) } : {}),
      ...(providers.facebook ? { facebook: facebook(providers.facebook) } : {}),
    },
  };
}
