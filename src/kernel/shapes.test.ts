import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { line, prose, webAddress } from './shapes.ts';

describe('a text of one line', () => {
  test.each(['a\nb', 'a\u2028b', 'a\tb', '\u001b[31mred', 'abc\u202Egpj.exe', '\u2066a', '\u0085'.concat('a\u0085b'), ' \u200B '])(
    'is not %j',
    (text) => {
      expect(line(100).safeParse(text).success).toBe(false);
    },
  );

  test.each(['Jane Doe', ' 12 Rue de Carthage, 1000 Tunis', 'قهوة\u200Fتونسية', 'क्‍ष', '👩‍👩‍👧', 'e\u0301'])('is %j', (text) => {
    expect(line(100).parse(text)).toBe(text.trim());
  });
});

describe('a text of several lines', () => {
  test.each([
    'a lamp\nthat bends,\r\n\tand holds',
    'مصباح أحمر، ٤٠ واط\nلون\u200F (أحمر)\u200E!',
    'رقم الهاتف \u2066+216 20 123 456\u2069 فقط',
    'nested \u2067a \u2068b\u2069 c\u2069',
    'family 👩\u200D👩\u200D👧, soft\u00ADhyphen',
  ])('may hold %j', (text) => {
    expect(prose(100).safeParse(text)).toMatchObject({ success: true, data: text });
  });

  test.each([
    '\u001b[31mred',
    'a\u0007b',
    'over\rwritten',
    'a\u0085b',
    'a\u009b31mb',
    'a\u007fb',
    ...['\u202A', '\u202B', '\u202C', '\u202D', '\u202E'].flatMap((mark) => [`abc${mark}gpj.exe`, `abc${mark}gpj\u202C.exe`]),
    ...['\u2066', '\u2067', '\u2068', '\u2069'].map((mark) => `a ${mark}b`),
    'a \u2066b\nc\u2069',
    'a\u2069\u2066b',
    '\u200B\u3164',
    ' \u{E0041} ',
  ])('is refused when it holds %j', (text) => {
    expect(prose(100).safeParse(text).success).toBe(false);
  });
});

describe('an address on the web', () => {
  test.each(['https://a.example/\u001bb', 'https://a.example/\u202Eb', 'https://a.example/ b', 'https://a.example/\u3164', 'b'])(
    'is not %j',
    (text) => {
      expect(webAddress(z.url()).safeParse(text).success).toBe(false);
    },
  );

  test.each(['https://a.example/b?c=%20', 'https://مثال.example/قهوة', 'http://localhost:9/'])('is %j', (text) => {
    expect(webAddress(z.url()).parse(text)).toBe(text);
  });
});
