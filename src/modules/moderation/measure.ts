import { readFileSync } from 'node:fs';
import { screenText } from './screen-text.ts';

/**
 * How well screening does on labelled phrases: the figures of docs/moderation.md. `node src/modules/moderation/measure.ts`
 * prints them, and with the name of a set also which of its phrases are judged wrongly.
 */

const sets = {
  open: 'Open: the lists were tuned on these',
  heldOut: 'Held out: written with them, before any list; its misses were never looked at',
  late: 'Late: written when the lists were nearly finished, harder on purpose; its misses were never looked at',
} as const;

export interface Phrase {
  language: string;
  label: 'clean' | 'words' | 'contact' | 'link';
  set: keyof typeof sets;
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
    return { language, label: label as Phrase['label'], set: set as Phrase['set'], text };
  });

export const languages: readonly string[] = [...new Set(phrases.map(({ language }) => language))];

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

/** The figures as tables of Markdown, one for each set. */
export const tables = (): string =>
  Object.entries(sets)
    .map(([set, title]) => {
      const among = phrases.filter((phrase) => phrase.set === set);
      const rows = languages.map((language) => row(language, measure(among.filter((phrase) => phrase.language === language))));
      const head = `**${title}**\n\n| language | phrases | offending | hits | misses | innocent | false alarms |\n|---|---|---|---|---|---|---|`;
      return [head, ...rows, row('all', measure(among))].join('\n');
    })
    .join('\n\n');

const row = (name: string, { phrases: count, offending, hits, clean, falseAlarms }: Measure): string =>
  `| ${name} | ${count} | ${offending} | ${hits} (${percent(hits, offending)}) | ${offending - hits} | ${clean} | ${falseAlarms} (${percent(falseAlarms, clean)}) |`;

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

const isStopped = ({ text }: Phrase): boolean => screenText(text).verdict !== 'allow';

if (import.meta.main) {
  const wrong = phrases.filter((phrase) => phrase.set === process.argv[2] && (phrase.label === 'clean') === isStopped(phrase));
  process.stdout.write(`${[tables(), ...wrong.map(({ language, label, text }) => `${language} ${label}: ${text}`)].join('\n')}\n`);
}
