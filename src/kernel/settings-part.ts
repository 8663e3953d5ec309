import { z } from 'zod';
import type { Language } from './languages.ts';
import type { AmountLimits, Currency } from './money.ts';

/** A setting is missing or wrong. The message is for the operator: what, and what to do. */
export class BadSettings extends Error {}

/** What every module may know of the whole. Keys, addresses of databases and other modules' settings are not among it. */
export interface CommonSettings {
  readonly mode: 'development' | 'test' | 'production';
  /** What Souk calls itself: the issuer of its tokens. */
  readonly publicUrl: string;
  readonly defaultCurrency: z.infer<typeof Currency>;
  /** The most that one call may move, per currency. */
  readonly largestAmounts: AmountLimits;
  readonly rateLimits: boolean;
  /** Whether demo people and products are there. */
  readonly demo: boolean;
  /** What the shop calls itself, and the language of messages to those of whom no other is known. */
  readonly shopName: string;
  readonly shopLanguage: Language;
  /** Holders of these roles must enrol a second factor before calls marked (MFA). */
  readonly mfaRoles: readonly string[];
}

type Shape = Readonly<Record<string, z.ZodType>>;

/** The settings that a module or an adapter brings: what each may be, and what its owner makes of them. */
export interface SettingsPart<Value = unknown> {
  readonly shape: Shape;
  readonly read: (given: never, common: CommonSettings) => Value;
}

/**
 * Declares the settings of a module or an adapter. Names are those of the environment; the description of each schema goes
 * into docs/settings.md. `read` makes of them what `ctx.settings` holds, and may throw BadSettings where two do not fit.
 */
export const settings = <const S extends Shape, Value>(
  shape: S,
  read: (given: { [Name in keyof S]: z.infer<S[Name]> }, common: CommonSettings) => Value,
): SettingsPart<Value> => ({ shape, read });

/** What `ctx.settings` is in a module that declares this part. */
export type SettingsOf<Part> = Part extends SettingsPart<infer Value> ? Value : never;

export type SettingsParts = Readonly<Record<string, SettingsPart>>;

/** Where something is sent to, or shown at: an address that holds nothing secret. `example` is what the operator is told. */
export const urlOf = (example: string) =>
  z.url({ protocol: /^https?$/, error: `must be an address such as ${example}` }).refine((text) => {
    const { username, password } = URL.parse(text) ?? { username: '', password: '' };
    return username === '' && password === '';
  }, 'must hold no name and no password');

/** `on` or `off`, as a boolean. */
export const onOff = (fallback: 'on' | 'off') =>
  z
    .enum(['on', 'off'])
    .default(fallback)
    .transform((value) => value === 'on');

/** `a, b` as `['a', 'b']`. */
export const listOf = (text: string): string[] =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);

/** A web origin as browsers write it. @throws BadSettings for anything else: a path, a star, a name alone. */
export function originOf(name: string, text: string): string {
  const origin = /^https?:/i.test(text) && URL.canParse(text) ? new URL(text).origin : undefined;
  if (!origin || origin !== text.toLowerCase().replace(/\/$/, ''))
    throw new BadSettings(`${name}: ${text} is not an origin; write it like https://shop.example.com, without a path`);
  return origin;
}
