import { expect, test } from 'vitest';
import { Username } from '#kernel/shapes.ts';
import { yearsSince } from './personal-details.ts';
import { usernamesFrom } from './username.ts';

test.each([
  ['Jane Doe', 'Jane_Doe'],
  ['  Jane   van  Doe ', 'Jane_van_Doe'],
  ["Sinéad O'Connor", 'Sinéad_OConnor'],
  ['أمل بن صالح', 'أمل_بن_صالح'],
  ['李', 'user_李'],
  ['🙂', 'user'],
  ['Bo', 'user_Bo'],
  ['Wolfeschlegelsteinhausenbergerdorff Hubert', 'Wolfeschlegelsteinhausenbergerdorf'],
])('%s is called %s', (fullName, username) => {
  expect(usernamesFrom(fullName)[0]).toBe(username);
});

test.each(['Jane Doe', '🙂', 'x'.repeat(120), '𠮷'.repeat(60), 'admin', 'a b', '_ _', 'ﷺ'])(
  'all names made for %s are good usernames',
  (fullName) => {
    const names = usernamesFrom(fullName);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(Username.safeParse(name).success, name).toBe(true);
  },
);

test.each([
  ['2000-06-15', '2026-06-14', 25],
  ['2000-06-15', '2026-06-15', 26],
  ['2004-02-29', '2026-02-28', 21],
  ['2004-02-29', '2026-03-01', 22],
  ['2027-01-01', '2026-12-31', -1],
])('who was born on %s is on %s %i years old', (birthDate, today, years) => {
  expect(yearsSince(birthDate, new Date(today))).toBe(years);
});
