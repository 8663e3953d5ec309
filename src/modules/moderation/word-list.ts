import { readFileSync } from 'node:fs';
import type { Verdict } from '#moderation';
import { foldText } from './fold-text.ts';

/** A rule of a word list, compiled: it fires on text that `wordsOf` has made. */
export interface WordRule {
  readonly rule: string;
  readonly verdict: Exclude<Verdict, 'allow'>;
  readonly pattern: RegExp;
}

interface Script {
  /** What may stand in the place of a letter, beside the letter itself. */
  readonly alike: Readonly<Record<string, string>>;
  /** What may stand before a word and belongs to it. */
  readonly prefix: string;
}

const LATIN: Script = {
  alike: { a: '4@', b: '8', e: '3', g: '9', i: '1!|', l: '1|', o: '0', s: '5$', t: '7+', u: 'v', z: '2' },
  prefix: '',
};

/** French that is spelled by ear writes k for c. */
const FRENCH: Script = { ...LATIN, alike: { ...LATIN.alike, c: 'k' } };

/** Tunisian in Latin letters, where 3 7 9 are letters that many write as a, h, k: the lists spell them as digits. */
const ARABIZI: Script = {
  alike: { a: '34@', i: '1!y', y: 'i', o: '0', '3': 'a', '7': 'h', '9': 'kqg' },
  prefix: '',
};

const ARABIC: Script = { alike: {}, prefix: '(?:وال|بال|فال|لل|ال|يا|[وفبلك])?' };

const SCRIPTS: Readonly<Record<string, Script>> = {
  english: LATIN,
  french: FRENCH,
  arabic: ARABIC,
  tunisian: ARABIC,
  'tunisian-latin': ARABIZI,
};

interface WordLists {
  /** The rules of all languages, those that block first. Every text is held against all of them: people mix languages. */
  readonly rules: readonly WordRule[];
  /** Innocent words that hold a bad one whole (`pique-nique`): they are taken out before the rules look. */
  readonly innocent: readonly RegExp[];
}

let read: WordLists | undefined;

/** The lists, which are read and compiled at the first text: that takes 50 ms. */
export const wordLists = (): WordLists => (read ??= readLists());

function readLists(): WordLists {
  const sections = Object.entries(SCRIPTS).flatMap(([language, script]) => sectionsOf(language, script));
  return {
    rules: sections
      .flatMap(({ rule, verdict, pattern }) => (verdict === 'allow' ? [] : [{ rule, verdict, pattern }]))
      .sort((a, b) => a.verdict.localeCompare(b.verdict)),
    innocent: sections.flatMap(({ verdict, pattern }) => (verdict === 'allow' ? [new RegExp(pattern, 'gu')] : [])),
  };
}

function sectionsOf(language: string, script: Script): { rule: string; verdict: Verdict; pattern: RegExp }[] {
  const list = readFileSync(new URL(`./words/${language}.txt`, import.meta.url), 'utf8');
  return list
    .split(/^\[/m)
    .slice(1)
    .map((section) => {
      const [, verdict, name, body = ''] = /^(block|review|allow) ([a-z]+)\]\n(.*)/s.exec(section) ?? [];
      if (!verdict || !name) throw new Error(`words/${language}.txt: a section begins with [block name], [review name] or [allow name].`);
      return { rule: `${language}/${name}`, verdict: verdict as Verdict, pattern: patternOf(entriesOf(body), script) };
    });
}

function entriesOf(body: string): string[] {
  const lines = body.split('\n').filter((line) => !line.startsWith('#'));
  return lines
    .flatMap((line) => line.split(','))
    .map(foldText)
    .filter(Boolean);
}

/** Entries as one expression on words between spaces. Every repetition in it is bounded, so no text makes it slow. */
function patternOf(entries: readonly string[], script: Script): RegExp {
  const words = entries.map((entry) =>
    entry
      .split(' ')
      .map((word) => wordPattern(word, script))
      .join(' '),
  );
  return new RegExp(`(?<= )${script.prefix}(?:${words.join('|')})(?= )`, 'u');
}

/** Each letter up to three times, or as what looks like it. In short words digits stay digits: A55 and AS5 are models. */
function wordPattern(word: string, { alike }: Script): string {
  const isShort = word.replace(/[^\p{L}\p{N}]/gu, '').length <= 3;
  return [...word]
    .map((character, index) => {
      if (character === '*') return '[^ ]{0,64}';
      if (character === '(') return '(?:';
      if (!/[\p{L}\p{N}]/u.test(character)) return character;
      const others = (alike[character] ?? '').replace(isShort ? /\d/g : /$^/, '');
      return `(?:[${character}${others}${index > 0 ? '*' : ''}]{1,3})`;
    })
    .join('');
}
