import { html } from 'hono/html';
import { bodyExample, samplesOf } from './code-samples.ts';
import {
  type Call,
  type Document,
  type Group,
  groupsOf,
  needsSignIn,
  type Parameter,
  type Reply,
  resolve,
  type Schema,
} from './document.ts';
import { fieldItem, fieldList, typeOf } from './fields.ts';
import { type Html, inline, markdown, page } from './page.ts';

/** What the pages say beside the document. */
export interface ReferenceParts {
  document: Document;
  /** Where this Souk answers, for the samples. */
  origin: string;
  /** How the page signs in; absent in production, where a token is pasted. */
  signIn?: SignIn;
}

export interface SignIn {
  path: string;
  /** Demo accounts, which all have this password. */
  accounts: readonly { username: string; what: string }[];
  password: string;
}

/** `/docs`: the guide of the document, and all groups. */
export function guidePage(parts: ReferenceParts): Promise<string> {
  const { info } = parts.document;
  const groups = groupsOf(parts.document);
  const list = groups.map(
    ({ name, slug, description, calls }) =>
      html`<li><a href="/docs/${slug}">${name}</a> <span class="type">${calls.length} ${calls.length === 1 ? 'call' : 'calls'}</span><div>${inline(firstSentence(description))}</div></li>`,
  );
  const body = html`<h1>${info.title} API <small>${info.version}</small></h1><div class="prose">${markdown(info.description ?? '')}</div>
<h2 id="resources">Resources</h2><ul class="fields">${list}</ul>`;
  return page({ title: `${info.title} API`, aside: contents(parts, groups), body, script: '/docs/reference.js' });
}

/** `/docs/<slug>`: everything about one group of calls. */
export function groupPage(parts: ReferenceParts, group: Group): Promise<string> {
  const { name, description, calls } = group;
  const body = html`<h1>${name}</h1><div class="prose">${markdown(description)}</div>${calls.map((call) => section(call, parts))}`;
  return page({
    title: `${name}: ${parts.document.info.title} API`,
    aside: contents(parts, groupsOf(parts.document), group.slug),
    body,
    script: '/docs/reference.js',
  });
}

const firstSentence = (text: string): string => /^.*?[.](?=\s|$)/s.exec(text)?.[0] ?? text;

function contents({ signIn }: ReferenceParts, groups: readonly Group[], current?: string): Html {
  const list = groups.map(
    ({ name, slug, calls }) => html`<details class="group" ${slug === current ? 'open' : ''}><summary>${name}</summary><ul>
<li><a href="/docs/${slug}" ${slug === current ? html`aria-current="page"` : ''}>About ${name}</a></li>
${calls.map((call) => html`<li><a href="/docs/${slug}#${call.operationId}" data-find="${call.path}">${badge(call.method)} ${call.summary}</a></li>`)}</ul></details>`,
  );
  return html`<aside><details class="contents" open><summary>Contents and sign-in</summary>
${signInBox(signIn)}
<nav aria-label="Reference"><label for="filter">Find a call</label><input id="filter" type="search" placeholder="word or path" autocomplete="off">
<p id="found" role="status"></p><p><a href="/docs">Guide</a></p>${list}</nav></details></aside>`;
}

function signInBox(signIn: SignIn | undefined): Html {
  const demo =
    signIn && signIn.accounts.length > 0
      ? html`<p class="demo">Demo: ${signIn.accounts.map(({ username, what }) => html`<button type="button" data-demo="${username}" title="${what}">${username}</button> `)}</p>`
      : '';
  const byName =
    signIn &&
    html`<form id="sign-in" data-path="${signIn.path}" data-demo-password="${signIn.password}">
<label for="sign-in-name">Username or email</label><input id="sign-in-name" name="username" autocomplete="username" required>
<label for="sign-in-password">Password</label><input id="sign-in-password" name="password" type="password" autocomplete="current-password" required>
<button>Sign in</button></form>`;
  return html`<section class="sign-in" aria-label="Sign in"><p id="who" role="status">Not signed in.</p><button type="button" id="sign-out" hidden>Sign out</button>${demo}
<details><summary>Sign in to try calls</summary>${byName ?? ''}<form id="token-form"><label for="token">Access token or API key</label><input id="token" name="token" autocomplete="off" required><button>Use it</button></form></details></section>`;
}

const badge = (method: string): Html => html`<span class="method ${method.toLowerCase()}">${method}</span>`;

function section(call: Call, parts: ReferenceParts): Html {
  const { document } = parts;
  const parameters = call.parameters ?? [];
  const body = Object.entries(call.requestBody?.content ?? {})[0];
  return html`<section class="call" id="${call.operationId}" aria-labelledby="${call.operationId}-title">
<div class="said"><h2 id="${call.operationId}-title">${call.summary} <a class="anchor" href="#${call.operationId}" aria-label="Link to: ${call.summary}">#</a></h2>
<p class="line">${badge(call.method)} <code>${call.path}</code></p>
<div class="prose">${markdown(call.description ?? '')}</div>
${parameters.length > 0 ? html`<h3>Parameters</h3><ul class="fields">${parameters.map((parameter) => parameterItem(parameter, document))}</ul>` : ''}
${body ? html`<h3>Body <small>${body[0]}</small></h3>${body[1].schema ? fieldList(body[1].schema, document) : ''}` : ''}
<h3>Replies</h3>${Object.entries(call.responses).map(([status, reply]) => replyItem(status, reply, document))}</div>
<div class="shown">${samplesOf(call, parts.origin).map(
    ({ language, text }) =>
      html`<figure class="sample" data-language="${language}"><figcaption>${language}</figcaption><pre tabindex="0" aria-label="${language}: ${call.summary}"><code>${text}</code></pre></figure>`,
  )}${tryForm(call)}</div></section>`;
}

const parameterItem = ({ name, in: where, required = false, description, schema = {} }: Parameter, document: Document): Html =>
  fieldItem({
    name,
    type: `${where}: ${typeOf(schema, document)}`,
    required,
    description: description ?? schema.description ?? '',
  });

function replyItem(status: string, reply: Reply, document: Document): Html {
  const [type, media] = Object.entries(reply.content ?? {})[0] ?? [];
  const headers = headerList(reply);
  if (type === 'application/problem+json' && media?.schema) {
    const own = withoutCommon(resolve(media.schema, document));
    const more = own ? html`<details class="more"><summary>Members of ${status}</summary>${fieldList(own, document)}</details>` : '';
    return html`<p class="reply">${plain(status, reply)}</p>${more}`;
  }
  if (!media?.schema) return html`<p class="reply">${plain(status, reply)}</p>${headers}`;
  const example =
    media.example === undefined
      ? ''
      : html`<pre tabindex="0" aria-label="An example of the reply"><code>${JSON.stringify(media.example, null, 2)}</code></pre>`;
  return html`<details class="reply"><summary>${plain(status, reply)}</summary>${headers}${fieldList(media.schema, document)}${example}</details>`;
}

const COMMON = ['type', 'title', 'status', 'detail', 'instance', 'code'];

/** The members that a problem has beside those of every problem; undefined where there are none. */
function withoutCommon({ properties = {}, ...schema }: Schema): Schema | undefined {
  const own = Object.entries(properties).filter(([name]) => !COMMON.includes(name));
  return own.length > 0 ? { ...schema, properties: Object.fromEntries(own) } : undefined;
}

const plain = (status: string, { description }: Reply): Html =>
  html`<span class="status s${status[0] ?? ''}">${status}</span> ${inline(linked(description))}`;

/** Codes of problems lead to their explanation. */
const linked = (text: string): string =>
  text.replaceAll(
    /\(`([a-z][a-z-]*(?:\/[a-z-]+)?)`\)/g,
    (_, code: string) => `([\`${code}\`](/docs/problems#${code.replaceAll('/', '-')}))`,
  );

const headerList = ({ headers = {} }: Reply): Html =>
  Object.keys(headers).length === 0
    ? html``
    : html`<ul class="fields">${Object.entries(headers).map(([name, { description = '' }]) => fieldItem({ name, type: 'header', required: false, description }))}</ul>`;

const placeholderOf = (name: string, where: string, example: unknown): string =>
  name === 'Idempotency-Key' ? 'a fresh key for each call' : where === 'path' ? String(example ?? '') : '';

/** A form that makes the call from the page. Its script fills in the token and a fresh key. */
function tryForm(call: Call): Html {
  const inputs = (call.parameters ?? []).map(({ name, in: where, required, schema, example }) => {
    const id = `${call.operationId}-${where}-${name}`;
    const choices = schema?.enum;
    const field = choices
      ? html`<select id="${id}" data-in="${where}" data-name="${name}"><option value=""></option>${choices.map((choice) => html`<option>${choice}</option>`)}</select>`
      : html`<input id="${id}" data-in="${where}" data-name="${name}" placeholder="${placeholderOf(name, where, example)}" ${required && name !== 'Idempotency-Key' ? 'required' : ''} autocomplete="off">`;
    return html`<label for="${id}">${name}</label>${field}`;
  });
  const example = bodyExample(call);
  const body =
    example === undefined
      ? ''
      : html`<label for="${call.operationId}-body">Body</label><textarea id="${call.operationId}-body" data-type="${Object.keys(call.requestBody?.content ?? {})[0] ?? ''}" rows="8" spellcheck="false">${JSON.stringify(example, null, 2)}</textarea>`;
  const open = needsSignIn(call) ? '' : html`data-open`;
  return html`<details class="try"><summary>Try it</summary><form data-method="${call.method}" data-path="${call.path}" ${open}>${inputs}${body}
<button>Send</button></form><div class="answer" role="status"></div></details>`;
}
