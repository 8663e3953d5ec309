import type { Language } from '#kernel/languages.ts';
import type { Frame, MessageText } from './text.ts';
import * as ar from './texts-ar.ts';
import * as en from './texts-en.ts';
import * as fr from './texts-fr.ts';

/** What a message is about; English has all of them, and the compiler demands as many of the other languages. */
export type MessageKind = keyof typeof en.texts;
export type Texts = Readonly<Record<MessageKind, MessageText>>;

/** Sentences that are values of messages; English has all of them too. */
export type Phrase = keyof typeof en.phrases;

export const textsIn: Readonly<Record<Language, { frame: Frame; texts: Texts; phrases: Readonly<Record<Phrase, string>> }>> = {
  en,
  fr,
  ar,
};

/** A stored message of another version may name a phrase that this one has not: nothing is said then. */
export const phraseIn = (language: Language, phrase: Phrase): string => textsIn[language].phrases[phrase] ?? '';

export const messageKinds = Object.keys(en.texts) as MessageKind[];

export const isMessageKind = (kind: string): kind is MessageKind => Object.hasOwn(en.texts, kind);
