import { parseAccept } from 'hono/utils/accept';
import { z } from 'zod';

/** The languages that Souk writes to people in, as BCP 47 names them. */
export const languages = ['en', 'fr', 'ar'] as const;
export type Language = (typeof languages)[number];

export const isLanguage = (text: string | null | undefined): text is Language => (languages as readonly string[]).includes(text ?? '');

/** A time zone of the IANA database, such as `Africa/Tunis`; no offset, because that has no summer. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}

export const LanguageName = z.enum(languages).meta({ description: 'BCP 47: the language of messages', example: 'fr' });

export const TimeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be a time zone of the IANA database')
  .meta({ description: 'A name of the IANA database', example: 'Africa/Tunis' });

const LONGEST = 300;

/**
 * The language that a caller wants most of those that Souk knows (`Accept-Language`, RFC 9110, 12.5.4): `fr-CH` is read as `fr`. Null
 * where the header names none of them; a header beyond 300 characters is read as none.
 */
export function languageOf(acceptLanguage: string | null): Language | null {
  if (!acceptLanguage || acceptLanguage.length > LONGEST) return null;
  const wanted = parseAccept(acceptLanguage).filter(({ q }) => q > 0); // the most wanted first
  return wanted.map(({ type }) => type.split('-', 1)[0]!.toLowerCase()).find(isLanguage) ?? null;
}

const canonical = (tag: string): string | undefined => {
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return undefined;
  }
};

/** A language, and where it matters its script, its region and its variants: no extensions, which say how dates and numbers are written. */
const TAG = /^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|\d{3}))?(-([A-Za-z\d]{5,8}|\d[A-Za-z\d]{3}))*$/;

const LanguageTag = z
  .string()
  .max(35, { abort: true })
  .regex(TAG)
  .refine((tag) => canonical(tag) !== undefined);

/** Values by BCP 47 language tag, which come out in its canonical spelling: `fr-tn` is `fr-TN`. */
export const byLanguage = <Value extends z.ZodType>(value: Value) =>
  z
    .record(LanguageTag, value, {
      error: ({ code }) => (code === 'invalid_key' ? 'must be named by a language tag such as fr, ar or fr-TN (BCP 47)' : undefined),
    })
    .superRefine((values, refusal) => {
      const seen = new Set<string>();
      const twin = Object.keys(values).find((tag) => seen.size === seen.add(canonical(tag) as string).size);
      if (twin) refusal.addIssue({ code: 'custom', path: [twin], message: 'is a language that occurs twice' });
    })
    .transform((values) => Object.fromEntries(Object.entries(values).map(([tag, each]) => [canonical(tag) as string, each])));
