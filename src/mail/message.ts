import { readFileSync } from 'node:fs';
import type { Language } from '#kernel/languages.ts';
import { fill, type Values } from './fill.ts';
import { type MessageKind, textsIn } from './texts.ts';

/** A message as it is mailed. */
export interface Message {
  subject: string;
  text: string;
  html: string;
}

export interface MessageParts {
  language: Language;
  /** What the shop calls itself. */
  shop: string;
  /** Where emails of this kind are turned off; null where they cannot be. */
  unsubscribeUrl?: string | null;
}

/** Made from layout.mjml by `npm run mail`. */
const LAYOUT = readFileSync(new URL('./layout.html', import.meta.url), 'utf8');

/** U+2068 and U+2069 keep a value in the other direction together, as `<bdi>` does in HTML. */
const isolated = (value: string): string => `\u2068${value}\u2069`;

/** What a message says, as plain text: for lists in the application, SMS and push messages. */
export function plainOf(kind: MessageKind, values: Values, language: Language): { subject: string; paragraphs: string[] } {
  const { subject, text } = textsIn[language].texts[kind];
  const wrap = language === 'ar' ? isolated : undefined;
  return {
    subject: fill(subject, values, language) ?? '',
    paragraphs: text.flatMap((paragraph) => fill(paragraph, values, language, wrap) ?? []),
  };
}

/**
 * An email in a language. Its plain-text part is made of the same paragraphs as its HTML, with a blank line between them; addresses are
 * written out. Values are escaped, and stand in `<bdi>`, so that a name in another script turns nothing around.
 */
export function messageOf(kind: MessageKind, values: Values, { language, shop, unsubscribeUrl = null }: MessageParts): Message {
  const { frame, texts } = textsIn[language];
  const { subject, paragraphs } = plainOf(kind, values, language);
  const reason = fill(frame.reason, { shop }, language)!;
  const link = unsubscribeUrl === null ? [] : [`${frame.unsubscribe} ${unsubscribeUrl}`];
  const inHtml = texts[kind].text.flatMap((paragraph) => fill(escapeHtml(paragraph), values, language, marked) ?? []);
  return {
    subject,
    text: [...paragraphs, `-- \n${[reason, ...link].join('\n')}`].join('\n\n'),
    html: filledLayout({
      lang: language,
      dir: language === 'ar' ? 'rtl' : 'ltr',
      start: language === 'ar' ? 'right' : 'left',
      subject: escapeHtml(subject),
      shop: escapeHtml(shop),
      paragraphs: inHtml.map((paragraph) => `<p style="margin:0 0 12px">${paragraph}</p>`).join(''),
      footer: [
        escapeHtml(reason),
        ...(unsubscribeUrl === null
          ? []
          : [`${escapeHtml(frame.unsubscribe)} <a href="${escapeHtml(unsubscribeUrl)}">${escapeHtml(new URL(unsubscribeUrl).host)}</a>`]),
      ].join('<br>'),
    }),
  };
}

const marked = (value: string): string => `<bdi>${escapeHtml(value)}</bdi>`;

const filledLayout = (parts: Record<string, string>): string => LAYOUT.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? '');

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter]!);
