import { expect, test } from 'vitest';
import { Username } from '#kernel/shapes.ts';
import { yearsSince } from './personal-details.ts';
import { looksLikeOneOf, usernamesFrom } from './username.ts';

test.each([
  ['Jane Doe', 'Jane_Doe'],
  ['  Jane   van  Doe ', 'Jane_van_Doe'],
  ["Sinéad O'Connor", 'Sinéad_OConnor'],
  ['أمل بن صالح', 'أمل_بن_صالح'],
  ['李', 'user_李'],
  ['🙂', 'user'],
  ['Bo', 'user_Bo'],
  ['हिन्दी प्रेमी', 'हिन्दी_प्रेमी'],
  ['น้ำผึ้ง', 'น้ำผึ้ง'.normalize('NFKC')],
  ['Jose\u0301 A', 'José_A'],
  ['\u3164\u3164\u3164', 'user'],
  ['... ---', 'user'],
  ['Wolfeschlegelsteinhausenbergerdorff Hubert', 'Wolfeschlegelsteinhausenbergerdorf'],
])('%s is called %s', (fullName, username) => {
  expect(usernamesFrom(fullName)[0]).toBe(username);
});

test.each([
  'Jane Doe',
  '🙂',
  'x'.repeat(120),
  '𠮷'.repeat(60),
  'admin',
  'a b',
  '_ _',
  'ﷺ',
  '...',
  '\u0301\u0301\u0301',
  '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01',
])('all names made for %s are valid usernames', (fullName) => {
  const names = usernamesFrom(fullName);
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(Username.safeParse(name).success, name).toBe(true);
});

test.each([
  ['2000-06-15', '2026-06-14', 25],
  ['2000-06-15', '2026-06-15', 26],
  ['2004-02-29', '2026-02-28', 21],
  ['2004-02-29', '2026-03-01', 22],
  ['2027-01-01', '2026-12-31', -1],
])('who was born on %s is on %s %i years old', (birthDate, today, years) => {
  expect(yearsSince(birthDate, new Date(today))).toBe(years);
});

test.each([
  ['a decomposed é', 'rene\u0301e', 'renée'],
  ['Hindi', 'हिन्दी', 'हिन्दी'],
  ['Thai', 'ผู้ใช้', 'ผู้ใช้'],
  ['Arabic', 'أَمَل', 'أَمَل'.normalize('NFC')],
  ['digits', '1234', '1234'],
])('a username may be %s, and is stored composed', (_, given, stored) => {
  expect(Username.parse(given)).toBe(stored);
});

test.each([
  ['admin and a Hangul filler', 'admin\u3164'],
  ['admin and a halfwidth filler', 'admin\uFFA0'],
  ['letters that nobody sees', '\u115F\u1160\u3164\uFFA0'],
  ['a joiner', 'ad\u200Dmin'],
  ['a variation selector', 'admin\uFE0F'],
  ['a combining grapheme joiner', 'admin\u034F'],
  ['a tag', 'admin\u{E0061}'],
  ['dots alone', '...'],
  ['lines alone', '_-_'],
  ['a mark without a letter', '\u0301bob'],
  ['a heap of marks', `b${'\u0301\u0323'.repeat(4)}ob`],
  ['a UUID', '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'],
  ['a UUID in capitals', '0199C0DE-7D5A-7C31-9F3E-5B2A4C6D8E01'],
  ['a UUID without dashes', '0199c0de7d5a7c319f3e5b2a4c6d8e01'],
  ['a UUID in wide letters', '０199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01'],
])('no username is %s', (_, username) => {
  expect(Username.safeParse(username).success).toBe(false);
});

test.each(['ѕоuk', 'Ѕouk', 's0uk', 'SOUK', 'ѕоυk', 'adrnin', 'ADMΙΝ', 'аdmіn', 'ѕуѕtem', '𝐚𝐝𝐦𝐢𝐧'])(
  '%s looks like a name of the platform',
  (name) => {
    expect(looksLikeOneOf(name, ['souk', 'system', 'admin'])).toBe(true);
  },
);

test.each(['soukra', 'administrator', 'sam', 'súok', 'bob'])('%s looks like none of them', (name) => {
  expect(looksLikeOneOf(name, ['souk', 'system', 'admin'])).toBe(false);
});
