import { readFile } from 'node:fs/promises';
import type { Hono } from 'hono';
import { serveAsset } from './assets.ts';
import { type Document, groupsOf, slugOf } from './docs/document.ts';
import { PAGE_HEADERS } from './docs/page.ts';
import { problemsPage } from './docs/problems-page.ts';
import { groupPage, guidePage, type SignIn } from './docs/reference-page.ts';
import { type StartParts, startJson, startPage } from './docs/start-page.ts';
import type { Route } from './routes.ts';

export interface DocsParts extends StartParts {
  routes: readonly { module: string; route: Route }[];
  /** The OpenAPI document, which the reference is made from. It takes a third of a second, so it is made when it is asked for first. */
  document: () => object;
  /** The tags in it, one page each. */
  tags: readonly { name: string }[];
}

export type { SignIn };

/** Below it, a process with some of the modules shows what the gateway serves at `/`: the documents of all modules. */
export const GATEWAY = '/gateway';

const ROBOTS = 'User-agent: *\nAllow: /$\nAllow: /docs\nDisallow: /\n';

/** The start page at `/`, the reference at `/docs`, the problems explained, and the OpenAPI document: all of it served by us. */
export function serveDocs(app: Hono<never>, parts: DocsParts): void {
  const open = app as unknown as Hono;
  serveAsset(open, '/openapi.json', () => ({
    body: JSON.stringify(parts.document()),
    type: 'application/json',
    headers: { 'access-control-allow-origin': '*' },
  }));
  serveStart(open, parts);
  servePage(open, '/docs/problems', () => problemsPage(parts.routes));
  const reference = () => ({ document: parts.document() as Document, origin: parts.origin, signIn: parts.signIn });
  servePage(open, '/docs', async () => guidePage(reference()));
  for (const { name } of parts.tags)
    servePage(open, `/docs/${slugOf(name)}`, async () => {
      const its = reference();
      return groupPage(its, groupsOf(its.document).find((group) => group.name === name)!);
    });
  serveFile(open, '/docs/pages.css', 'text/css; charset=utf-8');
  serveFile(open, '/docs/reference.js', 'text/javascript; charset=utf-8');
  serveFile(open, '/favicon.svg', 'image/svg+xml');
  open.get('/favicon.ico', (c) => c.redirect('/favicon.svg', 308));
  serveAsset(open, '/robots.txt', () => ({ body: ROBOTS, type: 'text/plain; charset=utf-8' }));
}

const servePage = (app: Hono, path: string, write: () => Promise<string>): void =>
  serveAsset(app, path, async () => ({ body: await write(), type: 'text/html; charset=utf-8', headers: PAGE_HEADERS }));

const serveFile = (app: Hono, path: string, type: string): void =>
  serveAsset(app, path, async () => ({
    body: await readFile(new URL(`./docs/${path.split('/').at(-1)}`, import.meta.url)),
    type,
    cacheControl: 'public, max-age=3600',
  }));

/** Browsers get a page, programs get JSON. */
function serveStart(app: Hono, parts: StartParts): void {
  app.get('/', async (c, next) => {
    if (!/\btext\/html\b/i.test(c.req.header('accept') ?? '')) return c.json(startJson(parts), 200, { vary: 'Accept' });
    await next();
    c.res.headers.append('vary', 'Accept');
  });
  servePage(app, '/', () => startPage(parts));
}
