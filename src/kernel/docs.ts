import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Hono } from 'hono';
import { allProblemsOf } from './openapi.ts';
import { problemType } from './replies.ts';
import type { Route } from './routes.ts';

const ASSETS = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const TYPES: Record<string, string> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', png: 'image/png' };
const HEADERS = {
  'content-security-policy': "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
  'x-content-type-options': 'nosniff',
};

/** The reference page at `/docs`, the explained problems, and the document they are made from: all of it served by us. */
export function serveDocs(app: Hono<never>, routes: readonly { module: string; route: Route }[], document: () => object): void {
  const open = app as unknown as Hono;
  let text: string | undefined;
  open.get('/openapi.json', (c) => {
    text ??= JSON.stringify(document());
    return c.body(text, 200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' });
  });
  open.get('/docs', (c) => c.html(PAGE, 200, HEADERS));
  open.get('/docs/start.js', (c) => c.body(START, 200, { ...HEADERS, 'content-type': TYPES.js! }));
  open.get('/docs/problems', (c) => c.html(problemsPage(routes), 200, HEADERS));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) {
    open.get(`/docs/${file}`, (c) =>
      c.body(readFileSync(join(ASSETS, file)), 200, {
        ...HEADERS,
        'content-type': TYPES[file.split('.').at(-1)!]!,
        'cache-control': 'public, max-age=86400',
      }),
    );
  }
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Souk API</title>
<link rel="icon" href="/docs/favicon-32x32.png"><link rel="stylesheet" href="/docs/swagger-ui.css">
<div id="reference"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script>
</html>`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#reference', deepLinking: true, tryItOutEnabled: true, validatorUrl: null });`;

function problemsPage(routes: readonly { module: string; route: Route }[]): string {
  const kinds = new Map<string, { title: string; status: number; calls: string[] }>();
  for (const { route } of routes) {
    for (const { code, title, status } of allProblemsOf(route)) {
      const entry = kinds.get(code) ?? { title, status, calls: [] };
      entry.calls.push(`${route.method} ${route.path}`);
      kinds.set(code, entry);
    }
  }
  const sections = [...kinds]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { title, status, calls }]) => {
      const where = calls.length > 12 ? 'Many calls.' : calls.map((call) => `<code>${call}</code>`).join(', ');
      return `<h2 id="${problemType(code).split('#')[1]}">${code} <small>${status}</small></h2><p>${title}.</p><p>${where}</p>`;
    });
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Souk problems</title>
<style>body{font:16px/1.5 system-ui;max-width:48rem;margin:2rem auto;padding:0 1rem}h2{margin:2rem 0 0;font-size:1.1rem}small{color:#666}code{background:#f3f3f3;padding:0 .3em}</style>
<h1>Problems</h1><p>Every refusal names one of these codes. Its <code>detail</code> says what was wrong and what to do.</p>${sections.join('')}</html>`;
}
