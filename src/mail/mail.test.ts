import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { languages } from '#kernel/languages.ts';
import { compiledLayout } from '../../infra/compile-mail.ts';
import { chromiumPath, openChromium } from '../../test/chromium.ts';
import { fill, placesOf, type Values } from './fill.ts';
import { messageOf, plainOf } from './message.ts';
import { messageKinds, textsIn } from './texts.ts';

const MORE = 'https://souk.test/v1/notifications/unsubscribe?token=a&b="c"';

/** A value for every place of a kind, which nobody reads past. */
const valuesFor = (kind: (typeof messageKinds)[number]): Values => {
  const { subject, text } = textsIn.en.texts[kind];
  return Object.fromEntries([subject, ...text].flatMap(placesOf).map((name) => [name, `«${name}»`]));
};

/** Kinds whose subjects other APIs promise to the letter. */
const PROMISED = /\.(platform|microservices)$/;

test('layout.html is what MJML makes of layout.mjml; `npm run mail` writes it again', async () => {
  expect(readFileSync(new URL('./layout.html', import.meta.url), 'utf8')).toBe(await compiledLayout());
});

describe.each(languages)('in %s', (language) => {
  test.each(messageKinds)('%s says all that it says in English, with every place filled', (kind) => {
    const values = valuesFor(kind);
    const { subject, text, html } = messageOf(kind, values, { language, shop: 'Tunis Bazaar', unsubscribeUrl: MORE });
    for (const part of [subject, text, html]) expect(part).not.toMatch(/[{}]{2}|\{\w+\}|undefined|null/);
    for (const value of Object.values(values)) {
      expect(subject + text).toContain(value);
      expect(html).toContain(value);
    }
    expect(textsIn[language].texts[kind].text).toHaveLength(textsIn.en.texts[kind].text.length);
    expect(text).toContain('Tunis Bazaar');
    expect(text).toContain(MORE);
    if (language !== 'en' && !PROMISED.test(kind)) expect(subject).not.toBe(messageOf(kind, values, { language: 'en', shop: '' }).subject);
  });
});

test('names are escaped in HTML, stand in <bdi>, and open neither lines nor headers', () => {
  const product = '<img src=x onerror="alert(1)">&\r\nBcc: sue@example.com\u202e';
  const { subject, text, html } = messageOf('stock-low', { product, available: 2 }, { language: 'en', shop: '<b>Shop</b>' });
  expect(html).toContain('<bdi>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;&amp; Bcc: sue@example.com </bdi>');
  expect(html).toContain('&lt;b&gt;Shop&lt;/b&gt;');
  expect(html).not.toMatch(/<img|<b>/);
  expect(subject).not.toMatch(/[\r\n]/);
  expect(text).toContain('& Bcc: sue@example.com : units left: 2');
  expect(plainOf('stock-low', { product: 'x'.repeat(5000), available: 2 }, 'en').paragraphs[0]!.length).toBeLessThan(400);
});

test('money and numbers are written as the language writes them, and a value that is missing is an error', () => {
  const amount = { amount: 1_234_500, currency: 'TND' };
  expect(fill('{amount}', { amount }, 'en')).toMatch(/^TND\s1,234\.500$/);
  expect(fill('{amount}', { amount }, 'fr')).toMatch(/^1\s234,500\sTND$/);
  expect(fill('{amount}', { amount }, 'ar')).toContain('1,234.500');
  expect(fill('{amount}', { amount: { amount: 1500, currency: 'JPY' } }, 'en')).toBe('¥1,500');
  expect(() => fill('{amount}', {}, 'en')).toThrow(/no value for amount/);
});

test('a paragraph whose value is null is left out', () => {
  const { text, html } = messageOf('order-shipped', { order: '7', carrier: null, tracking: 'T1' }, { language: 'en', shop: 'S' });
  expect(text).toContain('Tracking number: T1');
  expect(text + html).not.toContain('Carrier');
});

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Awaited<ReturnType<typeof openChromium>>;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());

  test('Arabic goes from right to left, with names in other letters in their own direction', async () => {
    const page = await browser.newPage({ viewport: { width: 640, height: 700 } });
    const values = { order: '0199c0de-7d5a', total: { amount: 42_500, currency: 'TND' } };
    await page.setContent(messageOf('order-placed', values, { language: 'ar', shop: 'سوق تونس', unsubscribeUrl: MORE }).html);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/mail-ar.png` });
    const seen = await page.evaluate<{ gapRight: number }>(`(() => {
      const paragraph = document.querySelector('p');
      const range = document.createRange();
      range.selectNodeContents(paragraph);
      const styles = ['p', 'h1', 'a'].map((name) => getComputedStyle(document.querySelector(name)).direction);
      const { lang, dir } = document.documentElement;
      return { lang, dir, styles, gapRight: paragraph.getBoundingClientRect().right - range.getBoundingClientRect().right };
    })()`);
    expect(seen).toMatchObject({ lang: 'ar', dir: 'rtl', styles: ['rtl', 'rtl', 'rtl'] });
    expect(seen.gapRight).toBeLessThan(2);
    await page.setContent(messageOf('order-placed', values, { language: 'fr', shop: 'Souk' }).html);
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/mail-fr.png` });
    expect(await page.evaluate(`getComputedStyle(document.querySelector('p')).direction`)).toBe('ltr');
    await page.close();
  });
});
