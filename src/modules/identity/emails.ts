import { z } from 'zod';
import type { Language } from '#kernel/languages.ts';
import type { Values } from '#mail/fill.ts';
import { type Message, messageOf } from '#mail/message.ts';
import type { MessageKind } from '#mail/texts.ts';
import type { Identity } from './context.ts';

/** Whom an email is for. */
export interface Reader {
  id: string;
  username: string;
  language: Language | null;
}

/**
 * An email in the language of its reader, else of the call that led to it, else of the shop. A call of somebody else who is signed in
 * does not say what the reader reads.
 */
export function emailTo({ cause, settings }: Identity, reader: Reader, kind: MessageKind, values: Values): Message {
  const called = cause && (cause.actorId === null || cause.actorId === reader.id) ? cause.language : null;
  const language = reader.language ?? called ?? settings.shopLanguage;
  return messageOf(kind, { username: reader.username, ...values }, { language, shop: settings.shopName });
}

/** The two codes of one email, as values. An older process gives no long one. */
export const codeValues = ({ short, long }: { short: string; long: string | null }): Values => ({
  code: short,
  long: long === null ? null : long.match(/.{1,5}/g)!.join('-'),
});

/** What has happened to an account, for the email to its owner. */
export const News = z.discriminatedUnion('what', [
  z.object({ what: z.literal('new-password') }),
  z.object({ what: z.literal('email-changed') }),
  z.object({ what: z.literal('second-factor-enrolled') }),
  z.object({ what: z.literal('second-factor-removed') }),
  z.object({ what: z.literal('second-factor-taken-away') }),
  z.object({ what: z.literal('recovery-code-used'), left: z.int() }),
  z.object({ what: z.literal('recovery-codes-renewed') }),
  z.object({ what: z.literal('linked'), provider: z.string() }),
]);
export type News = z.infer<typeof News>;

/** The email that says so, and what to do if it was somebody else. It does not name a new address: somebody else may read the old one by now. */
export const emailAbout = (ctx: Identity, owner: Reader, news: News): Message => emailTo(ctx, owner, news.what, valuesOf(news));

function valuesOf(news: News): Values {
  if (news.what === 'linked') return { provider: nameOf(news.provider) };
  if (news.what === 'recovery-code-used') return { left: news.left, last: news.left === 0 ? '' : null };
  return {};
}

const nameOf = (provider: string): string => ({ google: 'Google', facebook: 'Facebook' })[provider] ?? provider.replace(/^issuer:/, '');
