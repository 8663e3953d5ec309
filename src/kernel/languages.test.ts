import { expect, test } from 'vitest';
import { z } from 'zod';
import { byLanguage, isTimeZone, languageOf } from './languages.ts';

test.each([
  [null, null],
  ['', null],
  ['fr', 'fr'],
  ['FR-ch, en;q=0.9', 'fr'],
  ['de-DE, ar-TN;q=0.8, en;q=0.9', 'en'],
  ['ar;q=0.1', 'ar'],
  ['de, *', null],
  ['fr;q=0, en;q=0.2', 'en'],
  [';;,=;q=x', null],
  [`fr, ${'x'.repeat(296)}`, 'fr'],
  [`fr, ${'x'.repeat(297)}`, null],
])('Accept-Language %j asks for %j', (header, language) => {
  expect(languageOf(header)).toBe(language);
});

test('a time zone is a name of the IANA database', () => {
  expect(['Africa/Tunis', 'Europe/Paris', 'UTC', '+01:00', 'Mars/Olympus', '', 'Europe/Paris\n'].filter(isTimeZone)).toEqual([
    'Africa/Tunis',
    'Europe/Paris',
    'UTC',
  ]);
});

test('values by language are read in a time that grows with their number only', () => {
  const tags = Array.from({ length: 5000 }, (_, n) => `fr-x${String(n).padStart(4, '0')}`);
  const byTag = byLanguage(z.null());
  const before = process.threadCpuUsage();
  expect(byTag.safeParse(Object.fromEntries(tags.map((tag) => [tag, null]))).success).toBe(true);
  expect(byTag.safeParse({ fr: null, 'fr-tn': null, 'fr-TN': null }).error?.issues[0]).toMatchObject({ path: ['fr-TN'] });
  expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(1000); // milliseconds
});
