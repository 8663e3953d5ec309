import { readFileSync } from 'node:fs';
import { screenText } from './screen-text.ts';

/** The labelled phrases, and how well screening does on them: the figures of docs/moderation.md. */

export interface Phrase {
  language: string;
  label: 'clean' | 'words' | 'contact' | 'link';
  heldOut: boolean;
  text: string;
}

export interface Measure {
  phrases: number;
  offending: number;
  hits: number;
  clean: number;
  falseAlarms: number;
}

export const phrases: readonly Phrase[] = readFileSync(new URL('./phrases.tsv', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .slice(1)
  .map((row) => {
    const [language = '', label, set, text = ''] = row.split('\t');
    return { language, label: label as Phrase['label'], heldOut: set === 'heldOut', text };
  });

/** A hit is an offending phrase that does not pass; a false alarm, a clean one that does not. */
export function measure(among: readonly Phrase[]): Measure {
  const offending = among.filter(({ label }) => label !== 'clean');
  const clean = among.filter(({ label }) => label === 'clean');
  return {
    phrases: among.length,
    offending: offending.length,
    hits: offending.filter(isStopped).length,
    clean: clean.length,
    falseAlarms: clean.filter(isStopped).length,
  };
}

export const isStopped = ({ text }: Phrase): boolean => screenText(text).verdict !== 'allow';
