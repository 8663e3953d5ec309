import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldText, plainText } from './fold-text.ts';
import { screenText } from './screen-text.ts';
import { wordsOf } from './screen-words.ts';

/** Letters of several scripts, marks, invisible characters, and what stands for letters. */
const SPECIAL = 'fuckFUCK\u0430\u0441\u0391\u03a3\u0130ßﬁأإآٱىةؤئگڨ\u0640\u064b\u064c\u064d\u0301\u200b\u200d\u00ad٣۷379@$!|*+. -';

/** Any characters at all, lone halves of pairs included, and many of those that screening treats in a way of its own. */
const anyText = fc.array(
  fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)), maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...SPECIAL), maxLength: 30 }),
  ),
  { maxLength: 8 },
);

describe('folding', () => {
  test('never fails, and folding what is folded changes nothing', () => {
    fc.assert(
      fc.property(anyText, (parts) => {
        const text = parts.join('');
        for (const fold of [foldText, plainText]) expect(fold(fold(text))).toBe(fold(text));
        expect(wordsOf(text)).not.toMatch(/ {2}|\n/);
        expect(['allow', 'review', 'block']).toContain(screenText(text).verdict);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['ＦＵＬＬ width', 'full width'],
    ['Éclair à la crème, Œuvre, Straße', 'eclair a la creme, oeuvre, strasse'],
    ['İstanbul', 'istanbul'],
    ['zero\u200bwidth\u00adand\u2060more', 'zerowidthandmore'],
    ['\u0430\u0441\u0435', 'ace'],
    ['أحمد إلى آخر مدرسة مؤمن شاطئ', 'احمد الي اخر مدرسه مومن شاطي'],
    ['كـــتـــاب مُحَمَّد', 'كتاب محمد'],
    ['ڨفصة گفصة', 'قفصه قفصه'],
    ['١٢٣ ۴۵۶', '123 456'],
    ['soooooo  good\n\nreally', 'sooo good really'],
  ])('%s', (text, folded) => {
    expect(foldText(text)).toBe(folded);
  });
});
