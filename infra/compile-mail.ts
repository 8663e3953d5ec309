import { readFileSync, writeFileSync } from 'node:fs';
import mjml2html from 'mjml';

const SOURCE = new URL('../src/mail/layout.mjml', import.meta.url);
const COMPILED = new URL('../src/mail/layout.html', import.meta.url);

/** The layout of all emails as HTML, from its MJML. The places to be filled are not valid values of attributes, so MJML is told to pass them. */
export async function compiledLayout(): Promise<string> {
  const { html } = await mjml2html(readFileSync(SOURCE, 'utf8'), { validationLevel: 'skip', keepComments: true });
  return `${html
    .replaceAll(/[ \t]+$/gm, '')
    .replaceAll(/\n{2,}/g, '\n')
    .trim()}\n`;
}

if (import.meta.main) writeFileSync(COMPILED, await compiledLayout());
