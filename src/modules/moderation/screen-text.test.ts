import { describe, expect, test } from 'vitest';
import { verdicts } from '#moderation';
import { screenText, screenTexts } from './screen-text.ts';
import { wordLists } from './word-list.ts';

const rulesOf = (text: string): string[] => screenText(text).rules.map(({ rule }) => rule);

describe('words in disguise are found', () => {
  test.each([
    ['letter case and width', 'FuCk', 'ＦＵＣＫ', 'ⓕⓤⓒⓚ'],
    ['separators', 'f.u.c.k', 'f u c k', 'f-u-c-k', 'f_u_c_k', 'f. u. c. k.', 'fu.ck', 'f    u    c    k'],
    ['digits and symbols', 'fvck', 'sh1tty', '5h1t', '$hit', 'b!tch', 'a$$hole', 'm3rde', 's@lope', 'c0nnard'],
    ['stars', 'f**k', 'f*ck', 'p*te', 'm*rde'],
    ['repeated letters', 'fuuuuuuck', 'shiiiiit', 'puuuuute', 'zebbbbbi'],
    ['invisible characters', 'fu\u200bck', 'f\u00adu\u00adc\u00adk', 'pu\u2060te'],
    ['letters of other scripts', 'f\u03c5\u0441k', '\u0440ut\u0435', 'm\u0435rd\u0435'],
    ['accents', 'fück', 'púte', 'ënculé'],
    ['Arabic forms', 'شَرْمُوطَة', 'شـــرمـــوطـــة', 'شرموطه', 'ش ر م و ط ة', 'ش.ر.م.و.ط.ة', 'والشرموطة'],
    ['Tunisian digits', '9a7ba', 'ka7ba', 'qahba', '9ahba', '9 a 7 b a', 'nik omek', 'nikommek', 'NIK OMMOK'],
  ])('%s', (_, ...texts) => {
    for (const text of texts) expect(screenText(`well, ${text} then`).verdict, text).not.toBe('allow');
  });
});

describe('innocent words pass', () => {
  test.each([
    [
      'English',
      'Scunthorpe Penistone assess assassin classic cocktail Essex shiitake snigger bass grass cockpit Hancock Dickens analysis therapist',
    ],
    [
      'French',
      'conseil dispute député réputation concombre habite habit salopette connaître pique-nique encyclopédie bittersweet douche en retard',
    ],
    ['Arabic', 'كسر مكسور عكس كسكسي زبدة زبون زبيب بيكنيك ميكانيك إلكترونيك خولة دخول معرض طيران شرم الشيخ'],
    ['Tunisian', 'zebda 9ahwa karhba nikola nike 3asir tiknik 7alwa bhar zarbiya'],
    ['sizes', '90-60-90, 120x60, 38 40 42 44, 38-40-42, XS S M L XL'],
    ['models', 'Samsung A55, AS5, S3X, PD 20W, B00ST, 4x4, T5 T8'],
    [
      'orders, dates, prices',
      'order 54821973, commande n° 98123456, 2026-11-21, 21/11/2026, 20261121, 2024-2026, models 5862-5864, 25 000 000, 98 500 000 DT',
    ],
    ['versions and codes', 'v3.14.2, 3.14, EAN 3017620422003, ISBN 978-2-07-036822-8, EN 60598-2-1, 192.168.10.254'],
    ['dots', 'Node.js. It works.It is fine... Très bien.Merci. 5.0V/2.1A, etc.'],
    ['mentions', 'Works with WhatsApp calls. Messenger bag. Two @ 15 DT. Le point de vente.'],
  ])('%s', (_, text) => {
    expect(rulesOf(text)).toEqual([]);
  });
});

describe('contact details and links are found, each under its rule', () => {
  test.each([
    [
      'contact/email',
      'bob@example.com',
      'bob at gmail dot com',
      'bob (at) hotmail.com',
      'jean arobase yahoo point fr',
      'bob [at] shop [dot] tn',
    ],
    [
      'contact/phone',
      '98 123 456',
      '98123456',
      '+216 98 123 456',
      '00216.22.345.678',
      '06 12 34 56 78',
      '+33 6 12 34 56 78',
      '+44 7911 123456',
    ],
    ['contact/phone', '9 8 1 2 3 4 5 6', '9-8-1-2-3-4-5-6', '(98) 123-456', '٩٨١٢٣٤٥٦', '۹۸ ۱۲۳ ۴۵۶', '9_8_1_2_3_4_5_6'],
    ['contact/phone', 'nine eight one two three four five six', 'zéro six un deux trois quatre cinq six sept huit'],
    ['contact/handle', 'follow @bobs_lamps', 'it is @lampes.tn'],
    ['contact/messenger', 'on WhatsApp', 'sur insta', 'add me, I have telegram', 'كلمني على الواتساب', '3al whatsapp', 'whatsapp: 12345'],
    [
      'link',
      'https://example.org/x',
      'www.example.tn',
      'mylamps.shop',
      'my-lamps dot com',
      'lampes [.] com',
      'bit.ly/3xyz',
      'lampes point com',
    ],
  ])('%s', (rule, ...texts) => {
    for (const text of texts) expect(rulesOf(`see ${text} ok`), text).toContain(rule);
  });

  test('they make a person look, and refuse nothing by themselves', () => {
    expect(screenText('mail bob@example.com, call 98 123 456, see www.example.tn').verdict).toBe('review');
  });
});

test('the gravest rule decides, and every rule is named once, never the words', () => {
  const screening = screenText('you idiot, fuck off, idiot');
  expect(screening).toEqual({
    verdict: 'block',
    rules: [
      { rule: 'english/obscenity', verdict: 'block' },
      { rule: 'english/insult', verdict: 'review' },
      { rule: 'french/insult', verdict: 'review' },
    ],
  });
  expect(screenTexts(['a lamp', 'you idiot', 'fuck', 'fuck'])).toEqual({
    verdict: 'block',
    rules: ['english/insult', 'english/obscenity', 'french/insult'],
  });
  expect(screenTexts([])).toEqual({ verdict: 'allow', rules: [] });
});

test('every list was read: five languages, each with something to refuse and something to look at', () => {
  for (const language of ['english', 'french', 'arabic', 'tunisian', 'tunisian-latin']) {
    const found = wordLists()
      .rules.filter(({ rule }) => rule.startsWith(`${language}/`))
      .map(({ verdict }) => verdict);
    for (const verdict of verdicts.slice(1)) expect(found, language).toContain(verdict);
  }
});

/** Milliseconds of the processor, not of the wall: other tests run meanwhile. The least of five runs. */
const cost = (work: () => unknown): number => {
  const runs = Array.from({ length: 5 }, () => {
    const start = process.threadCpuUsage();
    work();
    const { user, system } = process.threadCpuUsage(start);
    return (user + system) / 1000;
  });
  return Math.min(...runs);
};

/** Four times the text may take four times as long, and noise; a pattern that backtracks would take sixteen times. */
const atMost = (one: number): number => 8 * one + 60;

describe('hostile text takes no longer than its length', () => {
  const repeated = (unit: string) => (length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
  test.each<[string, (length: number) => string]>([
    ['one letter', repeated('a')],
    ['letters of a listed word', repeated('s')],
    ['what looks alike', repeated('1|')],
    ['single letters', repeated('f u ')],
    ['stars', repeated('f*')],
    ['the beginning of phrases', repeated('you are so such a ')],
    ['digits', repeated('9')],
    ['digits apart', repeated('9 ')],
    ['digits with many separators', repeated('9 . ')],
    ['at signs', repeated('a@')],
    ['almost a mail address', repeated('a.')],
    ['almost a domain', repeated('a-.')],
    ['dots in words', repeated(' dot ')],
    ['brackets', repeated('[( ')],
    ['invitations without a messenger', repeated('add on ')],
    ['number words', repeated('nine ')],
    ['Arabic', repeated('كس ا ')],
    ['marks', repeated('a\u0301\u0302')],
    ['spaces', repeated(' ')],
  ])('%s', (_, text) => {
    const [short, long] = [text(10_000), text(40_000)];
    screenText(short);
    const [one, four] = [cost(() => screenText(short)), cost(() => screenText(long))];
    expect(four, `10,000 characters ${one.toFixed(1)} ms, 40,000 characters ${four.toFixed(1)} ms`).toBeLessThan(atMost(one));
  });

  test('and a pattern that backtracks would be noticed', () => {
    const [one, four] = [400, 1600].map((length) => cost(() => /a*a*b/.test('a'.repeat(length))));
    expect(four).toBeGreaterThan(atMost(one ?? 0));
  });
});
