import { foldText } from './fold-text.ts';
import { type WordRule, wordLists } from './word-list.ts';

const LONGEST_WORD = 64;
/** A word, with the symbols that may stand for letters in it. */
const WORD = /[\p{L}\p{N}@$!|*+]+/gu;

/** The rules that the words of a text break. */
export function screenWords(text: string): readonly WordRule[] {
  const { rules, innocent } = wordLists();
  const words = innocent.reduce((left, pattern) => left.replaceAll(pattern, '¦'), wordsOf(text));
  return rules.filter(({ pattern }) => pattern.test(words));
}

/**
 * The words of a text between single spaces, and after them what may be words in disguise: letters spelled apart
 * (`f u c k`, `f.u.c.k`) and pieces held together by punctuation (`mer-de`), joined.
 */
export function wordsOf(text: string): string {
  const chunks = foldText(text).split(' ').map(piecesOf);
  const glued = chunks.filter((pieces) => pieces.length > 1).map((pieces) => pieces.join(''));
  const words = [...chunks.flat(), '¦', ...spelledApart(chunks.flat()), '¦', ...glued];
  return ` ${words.flatMap(cut).filter(mayBeWord).join(' ')} `;
}

const piecesOf = (chunk: string): string[] =>
  (chunk.match(WORD) ?? []).map((piece) => piece.replace(/^[!|*+]{1,3}|[!|*+@]{1,3}$/g, '')).filter(Boolean);

/** Runs of at least three single characters, each joined to a word. */
function spelledApart(pieces: readonly string[]): string[] {
  const runs: string[] = [];
  let run = '';
  let length = 0;
  for (const piece of [...pieces, '¦ ']) {
    if ([...piece].length === 1) {
      run += piece;
      length += 1;
      continue;
    }
    if (length >= 3) runs.push(foldText(run));
    [run, length] = ['', 0];
  }
  return runs;
}

/** Overlapping parts of a word that is longer than any real one, so that no pattern has far to look. */
function cut(word: string): string[] {
  if (word.length <= LONGEST_WORD) return [word];
  return Array.from({ length: Math.ceil(word.length / (LONGEST_WORD / 2)) }, (_, index) =>
    word.slice((index * LONGEST_WORD) / 2, (index * LONGEST_WORD) / 2 + LONGEST_WORD),
  );
}

/** Numbers, prices and sizes are no words in disguise: where digits or symbols stand, so must letters. */
function mayBeWord(word: string): boolean {
  if (!/[\d@$!|*+]/.test(word)) return true;
  const letters = word.match(/\p{L}/gu)?.length ?? 0;
  return letters >= 1 && letters + (word.match(/[@$]/g)?.length ?? 0) >= 2;
}
