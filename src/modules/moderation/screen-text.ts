import { type Verdict, verdicts } from '#moderation';
import { screenContacts } from './screen-contacts.ts';
import { screenWords } from './screen-words.ts';

export interface Screening {
  verdict: Verdict;
  /** The rules that fired, each with its own verdict. Never the text. */
  rules: { rule: string; verdict: Verdict }[];
}

/** Holds a text against the word lists and the rules about contact details and links. Pure, and linear in the text. */
export function screenText(text: string): Screening {
  const rules = [...screenWords(text), ...screenContacts(text)].map(({ rule, verdict }) => ({ rule, verdict }));
  return { verdict: gravest(rules.map(({ verdict }) => verdict)), rules };
}

/** The gravest verdict on several texts, and the names of all rules that fired. */
export function screenTexts(texts: readonly string[]): { verdict: Verdict; rules: string[] } {
  const screenings = texts.map(screenText);
  return {
    verdict: gravest(screenings.map(({ verdict }) => verdict)),
    rules: [...new Set(screenings.flatMap(({ rules }) => rules.map(({ rule }) => rule)))].sort(),
  };
}

const gravest = (found: readonly Verdict[]): Verdict =>
  verdicts[Math.max(0, ...found.map((verdict) => verdicts.indexOf(verdict)))] ?? 'allow';
