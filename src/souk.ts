import type { Hono } from 'hono';
import { type Logger, pino, stdSerializers } from 'pino';
import { outboxOf } from '#adapters/captured.ts';
import { type Adapters, adapterSettings, openAdapters } from '#adapters/index.ts';
import { createAuthenticator } from '#authentication/authenticator.ts';
import { openOutsideIssuer } from '#authentication/outside-issuer.ts';
import { identity, roleNames } from '#identity';
import { type Clock, systemClock } from '#kernel/clock.ts';
import { type Composition, compose, type Parts } from '#kernel/compose.ts';
import type { Client, Contract } from '#kernel/contracts.ts';
import { modulesHere } from '#kernel/fitting.ts';
import type { Authenticator } from '#kernel/http.ts';
import type { Module } from '#kernel/module.ts';
import { unauthenticated } from '#kernel/problems.ts';
import { readSettings, type Settings } from '#kernel/settings.ts';
import { BadSettings, type SettingsOf, type SettingsParts } from '#kernel/settings-part.ts';
import { partners } from '#partners';
import { dialects } from './dialects/dialects.ts';
import type { identitySettings } from './modules/identity/settings.ts';
import { modules } from './modules/index.ts';
import { createKeyAuthenticator } from './modules/partners/key-authenticator.ts';

export interface SoukParts {
  databaseUrl: string;
  clock?: Clock;
  log?: Logger;
  adapters?: Adapters;
  modules?: readonly Module[];
  onStatement?: (text: string) => void;
  retryDelaySeconds?: number;
  /** Accounts that the start page and the reference offer to sign in with; never in production. */
  demo?: { accounts: readonly { username: string; what: string }[]; password: string };
}

/** All that Souk is made of, lowest first. */
export const everything: readonly Module[] = [...modules, ...dialects];

/** The settings of all adapters and of these modules. */
export const settingsParts = (all: readonly Module[] = everything): SettingsParts => ({
  ...adapterSettings,
  ...Object.fromEntries(all.flatMap(({ name, settings }) => (settings ? [[name, settings]] : []))),
});

/**
 * Reads and checks the settings of the whole of Souk, the names of modules and roles too, before anything is started.
 * @throws BadSettings; Error with a sentence for the operator where the modules do not fit together.
 */
export function readSoukSettings(env: Record<string, string | undefined>, all: readonly Module[] = everything): Settings {
  const settings = readSettings(env, settingsParts(all));
  refuseUnknownRoles(settings, all);
  modulesHere(all, settings);
  return settings;
}

/** The whole of Souk on one database, as every shape and every test runs it. */
export async function openSouk(settings: Settings, parts: SoukParts): Promise<Composition> {
  const adapters = parts.adapters ?? openAdapters(settings);
  return compose(parts.modules ?? everything, settings, {
    databaseUrl: parts.databaseUrl,
    clock: parts.clock ?? systemClock(settings.clockShiftMs),
    log: parts.log ?? openLog(settings),
    openCache: adapters.openCache,
    openQueue: adapters.openQueue,
    openSignals: adapters.openSignals,
    openTracing: adapters.openTracing,
    openErrors: adapters.openErrors,
    ports: adapters,
    authenticator: (given) => authenticatorOf(settings, given),
    devRoutes:
      settings.mode === 'production'
        ? undefined
        : (app: Hono) =>
            app.get('/dev/outbox', (c) => c.json({ items: outboxOf([adapters.email, adapters.sms, adapters.push], c.req.query('to')) })),
    signIn: settings.mode === 'production' ? undefined : { path: '/v1/auth/sign-in', ...(parts.demo ?? { accounts: [], password: '' }) },
    onStatement: parts.onStatement,
    retryDelaySeconds: parts.retryDelaySeconds,
  });
}

type AuthenticatorParts = Parameters<Parts['authenticator']>[0];

/** Who calls is judged by its access token, or by its API key. */
function authenticatorOf(settings: Settings, given: AuthenticatorParts): Authenticator {
  const client = <C extends Contract>({ name, operations }: C): Client<C> =>
    Object.fromEntries(
      Object.keys(operations).map((operation) => [operation, (input: unknown) => given.ask(name, operation, input)]),
    ) as unknown as Client<C>;
  const { outsideIssuer } = settings.parts.identity as SettingsOf<typeof identitySettings>;
  const outside = outsideIssuer && openOutsideIssuer(outsideIssuer, given.clock);
  const tokens = createAuthenticator({ ...given, identity: client(identity), issuer: settings.publicUrl, outside });
  const keys = createKeyAuthenticator({ ...given, partners: client(partners) });
  const isWithinReach = settings.modules?.includes('partners') !== false || settings.serviceUrls.partners !== undefined;
  return {
    async authenticate({ authorization, apiKey, idTokensFor }) {
      if (apiKey === undefined) return tokens.authenticate(authorization, idTokensFor);
      if (!isWithinReach) throw unauthenticated({ reason: 'API keys are not taken here: the operator has not set PARTNERS_SERVICE_URL.' });
      return keys.authenticate(apiKey);
    },
  };
}

/** A role that is misspelt would demand nothing of anybody, or give a permission to nobody. */
function refuseUnknownRoles({ mfaRoles }: Settings, all: readonly Module[]): void {
  const unknownOf = (roles: readonly string[]) => roles.filter((role) => !(roleNames as readonly string[]).includes(role)).join(', ');
  const known = `there are ${roleNames.join(', ')}`;
  if (unknownOf(mfaRoles)) throw new BadSettings(`MFA_ROLES: there is no role ${unknownOf(mfaRoles)}; ${known}`);
  for (const [permission, { roles }] of all.flatMap(({ permissions }) => Object.entries(permissions)))
    if (unknownOf(roles)) throw new Error(`The permission ${permission} names the role ${unknownOf(roles)}; ${known}.`);
}

/** JSON lines; they hold ids, operations and figures, never what people typed: PostgreSQL quotes whole rows in an error's detail. */
export function openLog(settings: Settings): Logger {
  const destination = pino.destination({ sync: false, minLength: 4096 });
  setInterval(() => destination.flush(), 500).unref();
  return pino(
    {
      level: settings.logLevel,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: {
        err: (error: Error) => ({ ...stdSerializers.err(error), detail: undefined, where: undefined, internalQuery: undefined }),
      },
    },
    destination,
  );
}
