import { html, raw } from 'hono/html';
import { marked } from 'marked';

export type Html = ReturnType<typeof html>;

/** The pages load our own files only, hold no inline script or style, and cannot be framed. */
export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** A whole HTML page. `body` and `aside` are HTML, everything else is text. */
export async function page(parts: { title: string; aside?: Html; body: Html; script?: string }): Promise<string> {
  const { title, aside, body, script } = parts;
  const text = await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml"><link rel="stylesheet" href="/docs/pages.css">
${script ? html`<script src="${script}" defer></script>` : ''}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="mark" href="/">Souk</a><nav aria-label="Site"><a href="/docs">Reference</a><a href="/docs/problems">Problems</a><a href="/openapi.json">OpenAPI</a></nav></header>
<div class="${aside ? 'with-aside' : 'alone'}">${aside ?? ''}<main id="main">${body}</main></div>
</body>
</html>`;
  return text.toString();
}

/** Markdown of our own as HTML. Tables and code can be scrolled with the keyboard. */
export const markdown = (text: string): Html =>
  raw(
    (marked.parse(text, { async: false }) as string)
      .replaceAll('<pre>', '<pre tabindex="0">')
      .replaceAll('<table>', '<div class="scroll" tabindex="0"><table>')
      .replaceAll('</table>', '</table></div>'),
  );

/** Markdown within a line. */
export const inline = (text: string): Html => raw(marked.parseInline(text, { async: false }) as string);
