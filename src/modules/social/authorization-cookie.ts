import { randomBytes } from 'node:crypto';
import { readCookie, writeCookie } from '#kernel/cookies.ts';
import { REQUEST_MS } from './authorization-request.ts';
import type { Social } from './context.ts';

/** What a browser has asked for, for when it is back. */
export interface Wishes {
  returnTo?: string | undefined;
  challenge?: string | undefined;
}

/**
 * What the browser keeps while it is away, so that nobody else's return is taken for its own (login CSRF): chance, and its
 * wishes. It is known by its hash, so it can be believed when it comes back. One cookie for each authorization request: two tabs do not
 * disturb each other.
 */
export const newCookieValue = (wishes: Wishes): string =>
  `${randomBytes(32).toString('base64url')}.${Buffer.from(JSON.stringify(wishes)).toString('base64url')}`;

/** The wishes in a text that `newCookieValue` made. */
export const wishesIn = (kept: string): Wishes => JSON.parse(Buffer.from(kept.split('.')[1] ?? '', 'base64url').toString('utf8')) as Wishes;

type Where = Pick<Social, 'secrets' | 'settings'>;

const isSecure = ({ settings }: Where): boolean => settings.publicUrl.startsWith('https:');

/** With the prefix `__Host-` a browser takes it from this host only, and over https. */
const nameOf = (where: Where, state: string): string =>
  `${isSecure(where) ? '__Host-' : ''}souk-authorization-${where.secrets.fingerprint(state, 'social.cookie').slice(0, 12)}`;

export const authorizationCookie = (where: Where, state: string, kept: string): string =>
  writeCookie({ name: nameOf(where, state), value: kept, seconds: REQUEST_MS / 1000, secure: isSecure(where) });

export const cookieValueOf = (where: Where, state: string, header: string | undefined): string | undefined =>
  readCookie(header, nameOf(where, state));
