import { html } from 'hono/html';
import { allProblemsOf } from '../openapi-replies.ts';
import { problemType } from '../replies.ts';
import type { Route } from '../routes.ts';
import { page } from './page.ts';

/** `/docs/problems`: every code with which a call may be refused, and the calls that may refuse with it. */
export function problemsPage(routes: readonly { module: string; route: Route }[]): Promise<string> {
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
    .map(
      ([code, { title, status, calls }]) =>
        html`<h2 id="${problemType(code).split('#')[1]}">${code} <small>${status}</small></h2><p>${title}.</p>
<p>${calls.length > 12 ? `${calls.length} calls.` : calls.map((call) => html`<code>${call}</code> `)}</p>`,
    );
  return page({
    title: 'Problems: Souk API',
    body: html`<h1>Problems</h1>
<p>Every refusal names one of these codes in <code>code</code>. Its <code>detail</code> says what was wrong and what to do.</p>${sections}`,
  });
}
