import { isAbsolute, resolve } from 'node:path';
import { z } from 'zod';
import { languages } from './languages.ts';
import { amountLimits, Currency } from './money.ts';
import { givenKeys, keysInFile, type MasterKeys } from './secrets.ts';
import { BadSettings, type CommonSettings, listOf, onOff, originOf, type SettingsParts } from './settings-part.ts';
import { line } from './shapes.ts';

export { BadSettings } from './settings-part.ts';

/** The settings of the kernel and the apps. Modules and adapters bring their own (`settings-part.ts`); docs/running.md explains each. */
export const Environment = z.object({
  NODE_ENV: z
    .enum(['development', 'test', 'production'])
    .default('development')
    .describe('`development`, `test` or `production`; see [Production](running.md#production)'),
  HOST: z.string().min(1).optional().describe('address to listen on; without it `127.0.0.1`, in production `0.0.0.0`'),
  PORT: z.coerce.number().int().min(0).max(65535).default(3000).describe('port to listen on'),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be postgres://user:password@host:port/database' })
    .optional()
    .describe('a PostgreSQL 15 or later: `postgres://user:password@host:port/database`'),
  DATABASE_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(2)
    .max(500)
    .default(20)
    .describe('connections for requests of this process, 2 to 500; those of background work and one for LISTEN come on top'),
  BACKGROUND_CONNECTIONS: z.coerce
    .number()
    .int()
    .min(2)
    .max(100)
    .default(6)
    .describe('connections for jobs, events and timers of this process, 2 to 100: they never wait behind requests'),
  DATABASE_WAITING: z.coerce
    .number()
    .int()
    .min(1)
    .max(10_000)
    .default(200)
    .describe('requests that may wait for a connection at once; one more is answered 503 with `Retry-After`'),
  DATABASE_DIRECT_URL: z
    .url({ protocol: /^postgres(ql)?$/, error: 'must be postgres://user:password@host:port/database' })
    .optional()
    .describe('where `DATABASE_URL` leads to a pooler: the same database past it, for LISTEN and migrations'),
  MIGRATE: onOff('on').describe(
    '`off` where another process migrates the database (`npm run souk -- migrate`): this one waits for that, and needs no right to change tables',
  ),
  AUDIT_DAYS: z.coerce.number().int().min(1).default(400).describe('how long entries of the audit trail are stored'),
  IDEMPOTENCY_DAYS: z.coerce
    .number()
    .int()
    .min(1)
    .max(400)
    .default(30)
    .describe(
      'how long the Idempotency-Key of a call is stored that changes something; that of a call that makes something stays with what it made',
    ),
  PREPARED_STATEMENTS: onOff('on').describe('`off` behind a pooler that cannot keep them (PgBouncer in transaction mode)'),
  SOUK_DATA: z.string().min(1).default('.souk').describe('folder of the keys and the embedded database'),
  SECRET_KEYS: z
    .string()
    .min(1)
    .optional()
    .describe(
      'master keys; without it a file in `SOUK_DATA` is made, in production they must be given: `name:base64[,name:base64…]`, at least 32 bytes each, the current one first',
    ),
  INTERNAL_SECRET: z
    .string()
    .min(32, 'must have at least 32 characters')
    .optional()
    .describe('at least 32 characters; needed where modules run in several processes'),
  MODULES: z.string().optional().describe('names of the modules that run in this process, with commas; without it all of them'),
  SOUK_MODULES: z.string().optional().describe('files of modules by others, with commas: [writing-a-module.md](writing-a-module.md)'),
  SOUK_DIALECTS: z
    .string()
    .default('platform,microservices')
    .describe('the published APIs that Souk also speaks below `/compat`, with commas, or `off`: [dialects.md](dialects.md)'),
  DEMO: z
    .enum(['on', 'off'])
    .optional()
    .describe('`on` loads demo people and products once, on an empty database; without it on, in production off'),
  PUBLIC_URL: z
    .url()
    .optional()
    .describe(
      'what Souk calls itself: the issuer of its tokens. An origin, without a path; the same in every process. Without it `http://localhost:<PORT>`; production demands it',
    ),
  DEFAULT_CURRENCY: Currency.default('USD').describe(
    'the currency that a wallet always shows: TND, EUR, USD, GBP, CHF, CAD, MAD, DZD, EGP, SAR, AED, QAR, KWD, LYD, JPY',
  ),
  LARGEST_AMOUNT: amountLimits(1_000_000_000_000, 10_000_000_000_000).describe(
    'the largest amount of one charge, deduction, payment or order, in minor units, up to 10000000000000; `1000000000000,JPY:5000000000` sets another one for a currency. The same in every process',
  ),
  RATE_LIMITS: onOff('on').describe('`off` lifts the limits, for load tests; refused in production'),
  CHECK_REPLIES: z
    .enum(['on', 'off'])
    .optional()
    .describe(
      'compares every reply, and every answer between modules, with its schema ([why](decisions/0011-replies-checked-in-tests.md))',
    ),
  SHOP_NAME: line(60).default('Souk').describe('what the shop calls itself in messages to people, at most 60 characters'),
  SHOP_LANGUAGE: z
    .enum(languages)
    .default('en')
    .describe('the language of messages to people of whom no other is known: `en`, `fr` or `ar`'),
  CORS_ORIGINS: z.string().default('').describe('web origins that may call, with commas'),
  TRUST_PROXY: onOff('off').describe('`on` where a proxy of yours sets `X-Forwarded-For`: its last entry is the caller'),
  DRAIN_SECONDS: z.coerce
    .number()
    .int()
    .min(0)
    .max(600)
    .default(10)
    .describe('how long calls that are under way may take to end after SIGTERM; then their connections are closed'),
  LOG_LEVEL: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('`debug`, `info`, `warn`, `error`, `silent`; JSON lines on standard output'),
  SANDBOX_CLOCK_SHIFT_SECONDS: z.coerce
    .number()
    .int()
    .default(0)
    .describe('moves the time of Souk into the future (or the past); refused in production'),
  MFA_ROLES: z
    .string()
    .default('')
    .describe('roles, with commas, whose holders must enrol a second factor before calls marked (MFA). The same in every process'),
});

const SERVICE_URL = /^([A-Z]+)_SERVICE_URL$/;

/** Whether the environment variable of that name is a setting of Souk with these parts. */
export const isSettingName = (name: string, parts: SettingsParts = {}): boolean =>
  Object.hasOwn(Environment.shape, name) || SERVICE_URL.test(name) || Object.values(parts).some(({ shape }) => Object.hasOwn(shape, name));

export interface Settings extends CommonSettings {
  readonly host: string;
  readonly port: number;
  readonly databaseUrl: string | undefined;
  readonly databaseConnections: number;
  /** Connections of jobs, events and timers. */
  readonly backgroundConnections: number;
  /** How many requests may wait for a connection. */
  readonly databaseWaiting: number;
  /** The database without the pooler; undefined where there is no pooler. */
  readonly databaseDirectUrl: string | undefined;
  /** Whether this process brings the database to its version; else it waits until another one has. */
  readonly migrates: boolean;
  readonly auditDays: number;
  readonly idempotencyDays: number;
  readonly preparedStatements: boolean;
  readonly dataFolder: string;
  readonly keys: MasterKeys;
  readonly internalSecret: string | undefined;
  /** Names of the modules that run in this process; undefined for all of them. */
  readonly modules: string[] | undefined;
  /** Where the absent modules answer: module name to base URL. */
  readonly serviceUrls: Readonly<Record<string, string>>;
  /** Names of the dialects that are spoken. */
  readonly dialects: readonly string[];
  readonly corsOrigins: string[];
  /** Compares every reply with its schema before it leaves: for tests and while developing. */
  readonly checkReplies: boolean;
  readonly trustProxy: boolean;
  /** How long running calls may take to end after a stop was asked for. */
  readonly drainMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly clockShiftMs: number;
  /** What each module and adapter has read from its own settings, by its name. */
  readonly parts: Readonly<Record<string, unknown>>;
}

/**
 * Reads and checks all settings at start: those of the kernel, and those of `parts` by the names of their owners.
 * @throws BadSettings naming each setting that is wrong and why.
 */
export function readSettings(env: Record<string, string | undefined>, parts: SettingsParts = {}): Settings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  const schema = z.object({ ...Environment.shape, ...shapesOf(parts) });
  const parsed = schema.safeParse(given, { error: wordsFor });
  const wrong = new Map(parsed.error?.issues.map((issue) => [issue.path.join('.'), issue.message]));
  for (const [name, is] of Object.entries(schema.shape))
    if (isNumber(is) && given[name] && !/^-?\d+(\.\d+)?$/.test(given[name])) wrong.set(name, 'must be a number');
  if (!parsed.success || wrong.size > 0) throw new BadSettings([...wrong].map(([name, message]) => `${name}: ${message}`).join('; '));
  const s = parsed.data as z.infer<typeof Environment>;
  const production = s.NODE_ENV === 'production';
  if (production) refuseUnsafe(s);
  const dataFolder = isAbsolute(s.SOUK_DATA) ? s.SOUK_DATA : resolve(s.SOUK_DATA);
  const modules = listOf(s.MODULES ?? '');
  const common: CommonSettings = {
    mode: s.NODE_ENV,
    publicUrl: s.PUBLIC_URL ? originOf('PUBLIC_URL', s.PUBLIC_URL) : `http://localhost:${s.PORT}`,
    defaultCurrency: s.DEFAULT_CURRENCY,
    largestAmounts: s.LARGEST_AMOUNT,
    rateLimits: s.RATE_LIMITS,
    demo: (s.DEMO ?? (production ? 'off' : 'on')) === 'on',
    shopName: s.SHOP_NAME,
    shopLanguage: s.SHOP_LANGUAGE,
    mfaRoles: listOf(s.MFA_ROLES),
  };
  const settings = {
    ...common,
    host: s.HOST ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: s.PORT,
    databaseUrl: s.DATABASE_URL,
    databaseConnections: s.DATABASE_CONNECTIONS,
    backgroundConnections: s.BACKGROUND_CONNECTIONS,
    databaseWaiting: s.DATABASE_WAITING,
    databaseDirectUrl: s.DATABASE_DIRECT_URL,
    migrates: s.MIGRATE,
    auditDays: s.AUDIT_DAYS,
    idempotencyDays: s.IDEMPOTENCY_DAYS,
    preparedStatements: s.PREPARED_STATEMENTS,
    dataFolder,
    internalSecret: s.INTERNAL_SECRET,
    modules: modules.length > 0 ? modules : undefined,
    serviceUrls: serviceUrls(given as Record<string, string>),
    dialects: s.SOUK_DIALECTS.trim() === 'off' ? [] : listOf(s.SOUK_DIALECTS),
    corsOrigins: listOf(s.CORS_ORIGINS).map((text) => originOf('CORS_ORIGINS', text)),
    checkReplies: (s.CHECK_REPLIES ?? (s.NODE_ENV === 'test' ? 'on' : 'off')) === 'on',
    trustProxy: s.TRUST_PROXY,
    drainMs: s.DRAIN_SECONDS * 1000,
    logLevel: s.LOG_LEVEL,
    clockShiftMs: s.SANDBOX_CLOCK_SHIFT_SECONDS * 1000,
    parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.read(ownOf(part, parsed.data) as never, common)])),
    keys: masterKeys(s.SECRET_KEYS, dataFolder),
  };
  if (production && !s.PUBLIC_URL)
    throw new BadSettings('PUBLIC_URL: production needs it; say what people reach Souk by, for example https://api.example.com');
  return settings;
}

/** The settings that a part declares, and no others: what it makes of them is in its context. */
const ownOf = ({ shape }: SettingsParts[string], all: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.keys(shape).map((name) => [name, all[name]]));

/** What is wrong with a setting, in words for the operator. */
function wordsFor(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_type') return issue.expected === 'int' ? 'must be a whole number' : `must be a ${issue.expected}`;
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  if (issue.code === 'invalid_value') return `must be ${issue.values.join(' or ')}`;
  if (issue.code === 'not_multiple_of') return `must be a multiple of ${issue.divisor}`;
  if (issue.code === 'invalid_format' && issue.format === 'url') return 'must be an address such as https://shop.example.com';
  return undefined;
}

function isNumber(schema: z.core.$ZodType): boolean {
  const { type, innerType } = schema._zod.def as { type: string; innerType?: z.core.$ZodType };
  return innerType ? isNumber(innerType) : type === 'number';
}

/** The schemas of all parts by the names of their settings. @throws Error when two owners declare one name. */
function shapesOf(parts: SettingsParts): Record<string, z.ZodType> {
  const shapes: Record<string, z.ZodType> = {};
  for (const [owner, { shape }] of Object.entries(parts)) {
    for (const [name, schema] of Object.entries(shape)) {
      if (Object.hasOwn(Environment.shape, name) || SERVICE_URL.test(name) || Object.hasOwn(shapes, name))
        throw new Error(`${owner} declares the setting ${name}, which another part of Souk has already.`);
      shapes[name] = schema;
    }
  }
  return shapes;
}

function refuseUnsafe(s: z.infer<typeof Environment>): void {
  if (!s.SECRET_KEYS)
    throw new BadSettings('SECRET_KEYS: production needs supplied keys; make one with: echo "k1:$(openssl rand -base64 32)"');
  if (s.DEMO === 'on') throw new BadSettings('DEMO: production refuses demo accounts, whose passwords everybody knows');
  if (!s.RATE_LIMITS) throw new BadSettings('RATE_LIMITS: production cannot lift the limits');
  if (s.SANDBOX_CLOCK_SHIFT_SECONDS !== 0) throw new BadSettings('SANDBOX_CLOCK_SHIFT_SECONDS: production keeps the real time');
}

function masterKeys(given: string | undefined, dataFolder: string): MasterKeys {
  try {
    return given ? givenKeys(given) : keysInFile(resolve(dataFolder, 'keys'));
  } catch (error) {
    throw new BadSettings((error as Error).message);
  }
}

/** `WALLET_SERVICE_URL=http://…` says where the module wallet answers if it does not run here. */
function serviceUrls(env: Record<string, string>): Record<string, string> {
  const urls: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    const module = SERVICE_URL.exec(name)?.[1]?.toLowerCase();
    if (module) urls[module] = value.replace(/\/+$/, '');
  }
  return urls;
}
