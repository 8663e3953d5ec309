/** What no reader sees, or that only dresses a letter: accents, vowel marks, zero-width characters, the Arabic stretch mark. */
const DRESS = /[\p{M}\p{Cf}\p{Default_Ignorable_Code_Point}\u0640]/gu;

/** Letters that look or sound like another: `from` and `to` are read side by side. */
const ALIKE = pairs([
  ['ٱىةیکگڨڤپچژہھۀ', 'ايهيكققفبجزههه'],
  ['авекмнорстухіѕјԁһԛԝɡ', 'abekmhopctyxisjdhqwg'],
  ['αβεικνορτυχγ', 'abeikvoptuxy'],
  ['øđłıħŧ', 'odliht'],
  ['٠١٢٣٤٥٦٧٨٩', '0123456789'],
  ['۰۱۲۳۴۵۶۷۸۹', '0123456789'],
]);
const LIGATURES: Readonly<Record<string, string>> = { ß: 'ss', æ: 'ae', œ: 'oe' };
const REPLACED = new RegExp(`[${[...ALIKE.keys(), ...Object.keys(LIGATURES)].join('')}]`, 'gu');

/**
 * Text as screening compares it: compatibility forms, letter case, accents, vowel marks and look-alikes aside, at most three
 * of a character in a row, single spaces. Folding what is folded changes nothing (`fold-text.test.ts` tries it at random).
 */
export function foldText(text: string): string {
  return undressed(text)
    .replace(REPLACED, (letter) => ALIKE.get(letter) ?? LIGATURES[letter] ?? letter)
    .replace(/(.)\1{3,}/gsu, '$1$1$1')
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
}

/** Text for rules about digits and addresses: folded too, but repeated characters stay. */
export const plainText = (text: string): string =>
  undressed(text)
    .replace(/[٠-٩۰-۹]/gu, (digit) => ALIKE.get(digit) ?? digit)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();

/** Lower case may bring marks (İ), and taking letters apart capitals: so both are done until neither is left. */
const undressed = (text: string): string => text.normalize('NFKD').toLowerCase().normalize('NFKD').toLowerCase().replace(DRESS, '');

function pairs(lists: readonly [from: string, to: string][]): ReadonlyMap<string, string> {
  return new Map(lists.flatMap(([from, to]) => [...from].map((letter, index) => [letter, [...to][index]!] as const)));
}
