import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { languages, measure, phrases, tables } from './measure.ts';

const rates = (among: typeof phrases) => {
  const { hits, offending, falseAlarms, clean } = measure(among);
  return { hits: hits / offending, falseAlarms: falseAlarms / clean };
};

describe('the labelled phrases', () => {
  test('are enough, in all languages, a third of them held out', () => {
    expect(phrases.length).toBeGreaterThan(600);
    expect(phrases.filter(({ label }) => label === 'clean').length).toBeGreaterThan(300);
    expect(phrases.filter(({ set }) => set !== 'open').length).toBeGreaterThan(phrases.length / 3);
    expect(languages).toEqual(['english', 'french', 'arabic', 'tunisian', 'tunisian-latin']);
    expect(new Set(phrases.map(({ text }) => text)).size).toBe(phrases.length);
  });

  test.each([
    ['open', 0.97, 0.02],
    ['heldOut', 0.95, 0.03],
    ['late', 0.5, 0.05],
  ] as const)('are told apart: %s', (set, hits, falseAlarms) => {
    const found = rates(phrases.filter((phrase) => phrase.set === set));
    expect(found.hits).toBeGreaterThan(hits);
    expect(found.falseAlarms).toBeLessThan(falseAlarms);
  });

  test.each(languages)('are judged rightly in %s', (language) => {
    const found = rates(phrases.filter((phrase) => phrase.language === language && phrase.set !== 'late'));
    expect(found.hits).toBeGreaterThan(0.93);
    expect(found.falseAlarms).toBeLessThan(0.04);
  });
});

test('docs/moderation.md has these figures; `node src/modules/moderation/measure.ts` prints them', () => {
  expect(readFileSync(new URL('../../../docs/moderation.md', import.meta.url), 'utf8')).toContain(tables());
});

test('the measure would notice a screen that lets all pass, and one that stops all', () => {
  const offending = phrases.filter(({ label }) => label !== 'clean');
  expect(measure(offending.map((phrase) => ({ ...phrase, text: 'a lamp' }))).hits).toBe(0);
  const clean = phrases.filter(({ label }) => label === 'clean');
  expect(measure(clean.map((phrase) => ({ ...phrase, text: 'fuck' }))).falseAlarms).toBe(clean.length);
});
