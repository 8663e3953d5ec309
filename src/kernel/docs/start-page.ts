import { html } from 'hono/html';
import { page } from './page.ts';
import type { SignIn } from './reference-page.ts';

export interface StartParts {
  version: string;
  modules: readonly string[];
  origin: string;
  production: boolean;
  signIn?: SignIn;
}

/** `/` for programs: where everything is. */
export const startJson = ({ version }: StartParts): object => ({
  name: 'Souk',
  version,
  api: '/v1',
  reference: '/docs',
  openapi: '/openapi.json',
  problems: '/docs/problems',
  health: '/health',
});

/** `/` for people: what runs here, and where to go on. */
export function startPage({ version, modules, origin, production, signIn }: StartParts): Promise<string> {
  const outbox = production
    ? ''
    : html`<li><a href="/dev/outbox">Outbox</a><div>The email, SMS and push messages that Souk would have sent. It is not there in production.</div></li>`;
  const demo =
    !signIn || signIn.accounts.length === 0
      ? ''
      : html`<h2>Demo accounts</h2><p>All have the password <code>${signIn.password}</code>. The reference signs you in with one click; programs do it so:</p>
<pre tabindex="0"><code>curl -s ${origin}${signIn.path} -H 'Content-Type: application/json' \\
  -d '{"username": "${signIn.accounts[0]?.username ?? ''}", "password": "${signIn.password}"}'</code></pre>
<ul class="fields">${signIn.accounts.map(({ username, what }) => html`<li><code>${username}</code> <span class="type">${what}</span></li>`)}</ul>`;
  return page({
    title: 'Souk',
    body: html`<h1>Souk <small>${version}</small></h1>
<p>This is the API of a shop and marketplace. These modules run here: ${modules.join(', ')}.</p>
<h2>A first call</h2><pre tabindex="0"><code>curl -s '${origin}/v1/products?limit=2'</code></pre>
<h2>Where to go on</h2><ul class="fields">
<li><a href="/docs">Reference</a><div>A guide, then every call, with samples. Calls can be tried from the page.</div></li>
<li><a href="/docs/problems">Problems</a><div>Every code with which a call may be refused.</div></li>
<li><a href="/openapi.json">OpenAPI 3.1</a><div>The whole API for tools and client generators.</div></li>
<li><a href="/health">Health</a><div>The state of this process, its database and its signals.</div></li>${outbox}</ul>${demo}`,
  });
}
