import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { Currency } from './money.ts';
import { keysInFile, type MasterKey, parseKeys } from './secrets.ts';

const onOff = (fallback: 'on' | 'off') =>
  z
    .enum(['on', 'off'])
    .default(fallback)
    .transform((value) => value === 'on');

const providerUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

/** Every setting of Souk, as the environment (or a `.env` file) gives it. docs/running.md explains each. */
const Environment = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  HOST: z.string().min(1).optional(),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be postgres://user:password@host:port/database' }).optional(),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(500).default(20),
  PREPARED_STATEMENTS: onOff('on'),
  SOUK_DATA: z.string().min(1).default('.souk'),
  SECRET_KEYS: z.string().min(1).optional(),
  INTERNAL_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  MODULES: z.string().optional(),
  DEMO: z.enum(['on', 'off']).optional(),
  PUBLIC_URL: z.url().optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be smtp://user:password@host:port or smtps://…' }).optional(),
  MAIL_FROM: z
    .string()
    .regex(/^([^<>\r\n]* <)?[^\s<>@]+@[^\s<>@]+>?$/, 'must be an address, or: Name <address>')
    .optional(),
  OUTSIDE_ISSUER: z
    .url({ protocol: /^https?$/ })
    .max(480)
    .optional(),
  OUTSIDE_AUDIENCE: z.string().optional(),
  OUTSIDE_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  DEFAULT_CURRENCY: Currency.default('USD'),
  RATE_LIMITS: onOff('on'),
  CHECK_REPLIES: z.enum(['on', 'off']).optional(),
  CORS_ORIGINS: z.string().default(''),
  TRUST_PROXY: onOff('off'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
  SANDBOX_CLOCK_SHIFT_SECONDS: z.coerce.number().int().default(0),
  ORDER_LEASE_SECONDS: z.coerce.number().int().min(1).max(600).default(10),
  MFA_ROLES: z.string().default(''),
  COMMISSION_PERCENT: z.coerce.number().min(0).max(50).multipleOf(0.01).default(5),
  GOOGLE_CLIENT_ID: z.string().min(1).optional(),
  GOOGLE_CLIENT_SECRET: z.string().min(1).optional(),
  GOOGLE_ISSUER_URL: providerUrl.default('https://accounts.google.com'),
  FACEBOOK_CLIENT_ID: z.string().min(1).optional(),
  FACEBOOK_CLIENT_SECRET: z.string().min(1).optional(),
  FACEBOOK_DIALOG_URL: providerUrl.default('https://www.facebook.com/v25.0/dialog/oauth'),
  FACEBOOK_GRAPH_URL: providerUrl.default('https://graph.facebook.com/v25.0'),
  FACEBOOK_EMAIL_VERIFIED: onOff('on'),
  SOCIAL_RETURN_ORIGINS: z.string().default(''),
  REVIEW_FLAGS_TO_HIDE: z.coerce.number().int().min(1).max(1000).default(3),
});

const SERVICE_URL = /^([A-Z]+)_SERVICE_URL$/;

/** Whether the environment variable of that name is a setting of Souk. */
export const isSettingName = (name: string): boolean => Object.hasOwn(Environment.shape, name) || SERVICE_URL.test(name);

/** Somebody else who says who people are, by tokens that their keys have signed. */
export interface OutsideIssuerSettings {
  /** As its tokens name it (`iss`), to the letter. */
  issuer: string;
  /** A token must be for one of these. */
  audiences: string[];
  /** Where its keys are; undefined where its discovery document says it. */
  jwksUrl: string | undefined;
}

export interface Settings {
  mode: 'development' | 'test' | 'production';
  host: string;
  port: number;
  databaseUrl: string | undefined;
  databaseConnections: number;
  preparedStatements: boolean;
  dataFolder: string;
  keys: readonly MasterKey[];
  internalSecret: string | undefined;
  /** Names of the modules that live in this process; undefined for all of them. */
  modules: string[] | undefined;
  /** Where the absent modules answer: module name to base URL. */
  serviceUrls: Readonly<Record<string, string>>;
  demo: boolean;
  publicUrl: string;
  /** The server that mail goes through; undefined where mail is captured and not sent. */
  smtp: { url: string; from: string; allowsPlain: boolean } | undefined;
  outsideIssuer: OutsideIssuerSettings | undefined;
  defaultCurrency: z.infer<typeof Currency>;
  rateLimits: boolean;
  corsOrigins: string[];
  /** Compares every reply with its schema before it leaves: for tests and while developing. */
  checkReplies: boolean;
  trustProxy: boolean;
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  clockShiftMs: number;
  /** How long one runner may take to settle an order before another tries. */
  orderLeaseMs: number;
  /** Holders of these roles must enrol a second factor before calls marked (MFA). */
  mfaRoles: string[];
  /** The platform's share of a seller's sale, in hundredths of a percent. */
  commissionBasisPoints: number;
  /** How many people must flag a review until it is hidden. */
  reviewFlagsToHide: number;
  /** Google, or who stands in for it; undefined when nobody signs in with it. */
  google: (ClientSettings & { issuerUrl: string }) | undefined;
  facebook: (ClientSettings & { dialogUrl: string; graphUrl: string; emailVerified: boolean }) | undefined;
  /** Where a browser may be sent after signing in elsewhere, beside `publicUrl`. */
  socialReturnOrigins: string[];
}

/** What a provider knows Souk by. */
export interface ClientSettings {
  clientId: string;
  clientSecret: string;
}

/** A setting is missing or wrong. The message is for the operator: what, and what to do. */
export class BadSettings extends Error {}

/**
 * Reads and checks all settings at start.
 * @throws BadSettings naming each setting that is wrong and why.
 */
export function readSettings(env: Record<string, string | undefined>): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = Environment.safeParse(given);
  if (!parsed.success) {
    throw new BadSettings(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  }
  const s = parsed.data;
  const production = s.NODE_ENV === 'production';
  if (production) refuseUnsafe(s);
  const dataFolder = isAbsolute(s.SOUK_DATA) ? s.SOUK_DATA : resolve(s.SOUK_DATA);
  const modules = listOf(s.MODULES ?? '');
  const publicUrl = s.PUBLIC_URL ?? `http://localhost:${s.PORT}`;
  return {
    mode: s.NODE_ENV,
    host: s.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: s.PORT,
    databaseUrl: s.DATABASE_URL,
    databaseConnections: s.DATABASE_CONNECTIONS,
    preparedStatements: s.PREPARED_STATEMENTS,
    dataFolder,
    keys: masterKeys(s.SECRET_KEYS, dataFolder),
    internalSecret: s.INTERNAL_SECRET,
    modules: modules.length > 0 ? modules : undefined,
    serviceUrls: serviceUrls(given as Record<string, string>),
    demo: (s.DEMO ?? (production ? 'off' : 'on')) === 'on',
    publicUrl,
    smtp: smtp(s),
    outsideIssuer: outsideIssuer(s, publicUrl),
    defaultCurrency: s.DEFAULT_CURRENCY,
    rateLimits: s.RATE_LIMITS,
    corsOrigins: listOf(s.CORS_ORIGINS),
    checkReplies: (s.CHECK_REPLIES ?? (s.NODE_ENV === 'test' ? 'on' : 'off')) === 'on',
    trustProxy: s.TRUST_PROXY,
    logLevel: s.LOG_LEVEL,
    clockShiftMs: s.SANDBOX_CLOCK_SHIFT_SECONDS * 1000,
    orderLeaseMs: s.ORDER_LEASE_SECONDS * 1000,
    mfaRoles: listOf(s.MFA_ROLES),
    commissionBasisPoints: Math.round(s.COMMISSION_PERCENT * 100),
    reviewFlagsToHide: s.REVIEW_FLAGS_TO_HIDE,
    google: asClient('GOOGLE', s, { issuerUrl: s.GOOGLE_ISSUER_URL }),
    facebook: asClient('FACEBOOK', s, {
      dialogUrl: s.FACEBOOK_DIALOG_URL,
      graphUrl: s.FACEBOOK_GRAPH_URL.replace(/\/+$/, ''),
      emailVerified: s.FACEBOOK_EMAIL_VERIFIED,
    }),
    socialReturnOrigins: listOf(s.SOCIAL_RETURN_ORIGINS).map(asOrigin),
  };
}

/** `a, b` as `['a', 'b']`. */
const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);

function refuseUnsafe(s: z.infer<typeof Environment>): void {
  if (!s.SECRET_KEYS)
    throw new BadSettings('SECRET_KEYS: production needs supplied keys; make one with: echo "k1:$(openssl rand -base64 32)"');
  if (s.DEMO === 'on') throw new BadSettings('DEMO: production refuses demo accounts, whose passwords everybody knows');
  if (!s.RATE_LIMITS) throw new BadSettings('RATE_LIMITS: production cannot lift the limits');
  for (const name of ['GOOGLE_ISSUER_URL', 'FACEBOOK_DIALOG_URL', 'FACEBOOK_GRAPH_URL'] as const)
    if (!s[name].startsWith('https:')) throw new BadSettings(`${name}: production asks providers over https only`);
  if (s.SANDBOX_CLOCK_SHIFT_SECONDS !== 0) throw new BadSettings('SANDBOX_CLOCK_SHIFT_SECONDS: production keeps the real time');
}

/** What is said of a provider together with what it knows us by; undefined when that is not given. Half of it is a mistake. */
function asClient<Rest extends object>(
  name: 'GOOGLE' | 'FACEBOOK',
  s: z.infer<typeof Environment>,
  rest: Rest,
): (ClientSettings & Rest) | undefined {
  const [clientId, clientSecret] = [s[`${name}_CLIENT_ID`], s[`${name}_CLIENT_SECRET`]];
  if (!clientId && !clientSecret) return undefined;
  if (!clientId) throw new BadSettings(`${name}_CLIENT_ID: is missing beside ${name}_CLIENT_SECRET; set both or none`);
  if (!clientSecret) throw new BadSettings(`${name}_CLIENT_SECRET: is missing beside ${name}_CLIENT_ID; set both or none`);
  return { clientId, clientSecret, ...rest };
}

function asOrigin(text: string): string {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null';
  if (origin === 'null' || origin !== text.replace(/\/$/, ''))
    throw new BadSettings(`SOCIAL_RETURN_ORIGINS: ${text} is not an origin; write it like https://shop.example.com`);
  return origin;
}

function smtp(s: z.infer<typeof Environment>): Settings['smtp'] {
  if (!s.SMTP_URL && !s.MAIL_FROM) return undefined;
  if (!s.SMTP_URL) throw new BadSettings('SMTP_URL: say which server takes the mail that MAIL_FROM sends');
  if (!s.MAIL_FROM) throw new BadSettings('MAIL_FROM: say whom the mail comes from: Souk <no-reply@example.com>');
  const { hostname } = new URL(s.SMTP_URL);
  return { url: s.SMTP_URL, from: s.MAIL_FROM, allowsPlain: ['localhost', '127.0.0.1', '[::1]'].includes(hostname) };
}

function outsideIssuer(s: z.infer<typeof Environment>, publicUrl: string): OutsideIssuerSettings | undefined {
  const audiences = listOf(s.OUTSIDE_AUDIENCE ?? '');
  if (!s.OUTSIDE_ISSUER) {
    if (audiences.length > 0 || s.OUTSIDE_JWKS_URL) throw new BadSettings('OUTSIDE_ISSUER: say whose tokens OUTSIDE_AUDIENCE is about');
    return undefined;
  }
  if (audiences.length === 0)
    throw new BadSettings(
      'OUTSIDE_AUDIENCE: say which clients of OUTSIDE_ISSUER may call, or its tokens for anybody else would be good here',
    );
  if (s.OUTSIDE_ISSUER === publicUrl) throw new BadSettings('OUTSIDE_ISSUER: this is what Souk calls itself (PUBLIC_URL)');
  const plain = [s.OUTSIDE_ISSUER, s.OUTSIDE_JWKS_URL].some((url) => url?.startsWith('http:'));
  if (plain && s.NODE_ENV === 'production')
    throw new BadSettings(
      'OUTSIDE_ISSUER, OUTSIDE_JWKS_URL: production takes https:// only, or whoever is in between could sign for anybody',
    );
  return { issuer: s.OUTSIDE_ISSUER, audiences, jwksUrl: s.OUTSIDE_JWKS_URL };
}

function masterKeys(given: string | undefined, dataFolder: string): MasterKey[] {
  try {
    return given ? parseKeys(given) : keysInFile(resolve(dataFolder, 'keys'));
  } catch (error) {
    throw new BadSettings((error as Error).message);
  }
}

/** `WALLET_SERVICE_URL=http://…` says where the module wallet answers when it does not live here. */
function serviceUrls(env: Record<string, string>): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const module = SERVICE_URL.exec(name)?.[1]?.toLowerCase();
    if (module) urls[module] = value.replace(/\/+$/, '');
  }
  return urls;
}
