import { randomBytes } from 'node:crypto';
import { readCookie, writeCookie } from '#kernel/cookies.ts';
import { REQUEST_MS } from './authorization-request.ts';
import type { Social } from './context.ts';

/** What the browser asked for, for the time when it comes back. */
export interface ReturnParameters {
  returnTo?: string | undefined;
  challenge?: string | undefined;
}

/**
 * The value of the cookie that ties a return to the browser that began (against login CSRF): random bytes and the parameters.
 * The database has its hash, so the parameters can be trusted. Each authorization request has its own cookie, so two tabs
 * do not disturb each other.
 */
export const newCookieValue = (parameters: ReturnParameters): string =>
  `${randomBytes(32).toString('base64url')}.${Buffer.from(JSON.stringify(parameters)).toString('base64url')}`;

/** The parameters in a value that `newCookieValue` made. */
export const returnParametersIn = (kept: string): ReturnParameters =>
  JSON.parse(Buffer.from(kept.split('.')[1] ?? '', 'base64url').toString('utf8')) as ReturnParameters;

type Where = Pick<Social, 'secrets' | 'settings'>;

const isSecure = ({ settings }: Where): boolean => settings.publicUrl.startsWith('https:');

/** With the prefix `__Host-` a browser takes it from this host only, and over https. */
const nameOf = (where: Where, state: string): string =>
  `${isSecure(where) ? '__Host-' : ''}souk-authorization-${where.secrets.fingerprint(state, 'social.cookie').slice(0, 12)}`;

export const authorizationCookie = (where: Where, state: string, kept: string): string =>
  writeCookie({ name: nameOf(where, state), value: kept, seconds: REQUEST_MS / 1000, secure: isSecure(where) });

export const cookieValueOf = (where: Where, state: string, header: string | undefined): string | undefined =>
  readCookie(header, nameOf(where, state));
