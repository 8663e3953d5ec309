import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Hono } from 'hono';
import { serveAsset } from './assets.ts';
import { allProblemsOf } from './openapi.ts';
import { problemType } from './replies.ts';
import type { Route } from './routes.ts';

const FILES = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
const TYPES: Record<string, string> = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', png: 'image/png' };
const HTML = 'text/html; charset=utf-8';
const headers = {
  'content-security-policy': "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'",
};

/** The reference page at `/docs`, the explained problems, and the document they are made from: all of it served by us. */
export function serveDocs(app: Hono<never>, routes: readonly { module: string; route: Route }[], document: () => object): void {
  const open = app as unknown as Hono;
  serveAsset(open, '/openapi.json', () => ({
    body: JSON.stringify(document()),
    type: 'application/json',
    headers: { 'access-control-allow-origin': '*' },
  }));
  serveAsset(open, '/docs', () => ({ body: PAGE, type: HTML, headers }));
  serveAsset(open, '/docs/start.js', () => ({ body: START, type: TYPES.js!, headers }));
  serveAsset(open, '/docs/problems', () => ({ body: problemsPage(routes), type: HTML, headers }));
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png']) {
    const type = TYPES[file.split('.').at(-1)!]!;
    const cacheControl = 'public, max-age=86400';
    serveAsset(open, `/docs/${file}`, async () => ({ body: await readFile(join(FILES, file)), type, cacheControl, headers }));
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
