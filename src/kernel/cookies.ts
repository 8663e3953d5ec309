import { parse, serialize } from 'hono/utils/cookie';

/** The value of a cookie, from the header that a request came with. */
export const readCookie = (header: string | undefined, name: string): string | undefined =>
  header === undefined ? undefined : parse(header, name)[name];

/** A cookie that no script reads and that other sites bring along only when they lead the browser here (SameSite=Lax). */
export const writeCookie = (cookie: { name: string; value: string; seconds: number; secure: boolean }): string =>
  serialize(cookie.name, cookie.value, {
    httpOnly: true,
    sameSite: 'Lax',
    secure: cookie.secure,
    path: '/',
    maxAge: cookie.seconds,
  });
