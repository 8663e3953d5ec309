import { describe, expect, test } from 'vitest';
import { measure, phrases } from './measure.ts';

/** The thresholds that docs/moderation.md claims; `node src/modules/moderation/print-measure.ts` prints the table. */

const languages = ['english', 'french', 'arabic', 'tunisian', 'tunisian-latin'];

describe('the labelled phrases', () => {
  test('are enough, in all languages, a third of them held out', () => {
    expect(phrases.length).toBeGreaterThan(400);
    expect(phrases.filter(({ label }) => label === 'clean').length).toBeGreaterThan(150);
    expect(phrases.filter(({ heldOut }) => heldOut).length).toBeGreaterThanOrEqual(Math.floor(phrases.length / 3));
    expect([...new Set(phrases.map(({ language }) => language))]).toEqual(languages);
    expect(new Set(phrases.map(({ text }) => text)).size).toBe(phrases.length);
  });

  test.each([false, true])('are told apart (held out: %s)', (heldOut) => {
    const { hits, offending, falseAlarms, clean } = measure(phrases.filter((phrase) => phrase.heldOut === heldOut));
    expect(hits / offending).toBeGreaterThan(0.9);
    expect(falseAlarms / clean).toBeLessThan(0.05);
  });

  test.each(languages)('are told apart in %s', (language) => {
    const { hits, offending, falseAlarms, clean } = measure(phrases.filter((phrase) => phrase.language === language));
    expect(hits / offending).toBeGreaterThan(0.85);
    expect(falseAlarms / clean).toBeLessThan(0.1);
  });
});

test('the measure would notice a screen that lets all pass, and one that stops all', () => {
  const offending = phrases.filter(({ label }) => label !== 'clean');
  expect(measure(offending.map((phrase) => ({ ...phrase, text: 'a lamp' }))).hits).toBe(0);
  const clean = phrases.filter(({ label }) => label === 'clean');
  expect(measure(clean.map((phrase) => ({ ...phrase, text: 'fuck' }))).falseAlarms).toBe(clean.length);
});
