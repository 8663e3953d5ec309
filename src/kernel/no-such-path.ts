import type { Context, Env, Hono } from 'hono';
import { methodNotAllowed, notFound, type Problem } from './problems.ts';
import type { Headers } from './replies.ts';

/** Answers where no route fits: another method, a slash too many, or nothing at all. */
export function answerElsewhere<E extends Env>(
  app: Hono<E>,
  headersOf: (c: Context<E>) => Headers,
  refuse: (problem: Problem, path: string, headers: Headers) => Response,
): void {
  app.notFound((c) => {
    const shorter = withoutSlash(app, c.req);
    if (shorter) return c.redirect(shorter, 308);
    const allow = methodsAt(app, c.req.path);
    const headers = headersOf(c);
    if (allow === '') return refuse(notFound(), c.req.path, headers);
    if (c.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { ...headers, allow } });
    return refuse(methodNotAllowed({ allow }), c.req.path, { ...headers, allow });
  });
}

/** Where a GET with a slash too many goes; undefined where there is nothing without it either. */
function withoutSlash<E extends Env>(app: Hono<E>, { method, url }: { method: string; url: string }): string | undefined {
  const { pathname, search } = new URL(url);
  const shorter = pathname.slice(0, -1);
  if (!['GET', 'HEAD'].includes(method) || !/^\/[^/].*[^/]\/$/.test(pathname)) return undefined;
  return methodsAt(app, shorter).includes('GET') ? `${shorter}${search}` : undefined;
}

/** The methods that a path answers to, for the header Allow; empty when there is no such path. */
function methodsAt<E extends Env>(app: Hono<E>, path: string): string {
  const fits = (pattern: string) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`).test(path);
  const methods = new Set(app.routes.filter((route) => route.method !== 'ALL' && fits(route.path)).map(({ method }) => method));
  if (methods.size === 0) return '';
  if (methods.has('GET')) methods.add('HEAD');
  return [...methods.add('OPTIONS')].sort().join(', ');
}
