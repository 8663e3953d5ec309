import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire, stripTypeScriptTypes } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sample, samplesOf } from '#kernel/docs/code-samples.ts';
import { type Document, groupsOf } from '#kernel/docs/document.ts';
import { chromiumPath, openChromium } from './chromium.ts';
import { PASSWORD } from './people.ts';
import { type World, world } from './world.ts';

const ORIGIN = 'http://souk.test';
const CHARGE = 'postCustomersByUsernameWalletCharge';
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

if (!chromiumPath) console.warn('No Chromium here: the pages are not looked at. Install it (apt-get install chromium) or set CHROMIUM.');

let w: World;
beforeAll(async () => {
  w = await world({ demo: { accounts: [{ username: 'bob', what: 'buys' }], password: PASSWORD } });
  await w.person('bob');
});

describe.skipIf(!chromiumPath)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser?.close());

  /** A page whose every request is answered by the world. `faults` gathers what a reader would suffer from. */
  async function open(options: { width: number; colorScheme?: 'light' | 'dark' }): Promise<{ page: Page; faults: string[] }> {
    const context = await browser.newContext({ viewport: { width: options.width, height: 900 }, colorScheme: options.colorScheme });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    page.on('console', (message) => message.type() === 'error' && !/status of 4\d\d/.test(message.text()) && faults.push(message.text()));
    await context.route('**/*', async (route) => {
      const request = route.request();
      if (!request.url().startsWith(`${ORIGIN}/`)) faults.push(`asks ${request.url()}`);
      const init = { method: request.method(), headers: await request.allHeaders(), body: request.postData() };
      const reply = await w.souk.fetch(new Request(request.url(), init));
      const headers = Object.fromEntries([...reply.headers].filter(([name]) => name !== 'content-encoding'));
      const body = reply.headers.has('content-encoding') ? new Response(reply.body?.pipeThrough(new DecompressionStream('gzip'))) : reply;
      await route.fulfill({ status: reply.status, headers, body: Buffer.from(await body.arrayBuffer()) });
    });
    return { page, faults };
  }

  const groupOf = (id: string) =>
    groupsOf(w.souk.openapi() as Document).find(({ calls }) => calls.some(({ operationId }) => operationId === id))!;

  test.each([
    { width: 390, colorScheme: 'light' },
    { width: 390, colorScheme: 'dark' },
    { width: 1280, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
  ] as const)('every page can be read at $width pixels, $colorScheme', async (options) => {
    const { page, faults } = await open(options);
    for (const path of ['/', '/docs', '/docs/problems', `/docs/${groupOf(CHARGE).slug}`]) {
      await page.goto(ORIGIN + path);
      const tooWide = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
      if (tooWide) faults.push(`${path} is ${tooWide} pixels too wide`);
      await page.evaluate("for (const part of [...document.querySelectorAll('details')].slice(0, 30)) part.open = true");
      await page.evaluate(`${AXE};0`);
      const { violations } = (await page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa'] })")) as {
        violations: { impact: string; id: string; nodes: { html: string }[] }[];
      };
      for (const { impact, id, nodes } of violations)
        if (['serious', 'critical'].includes(impact)) faults.push(`${path}: ${id} ${nodes[0]!.html}`);
    }
    expect(faults).toEqual([]);
    await page.context().close();
  });

  test('a reader signs in once, and each try of a call has a key of its own', async () => {
    const { page, faults } = await open({ width: 1280 });
    await page.goto(`${ORIGIN}/docs/${groupOf(CHARGE).slug}`);
    await page.click('[data-demo=bob]');
    await page.getByText('Signed in as bob.').waitFor();
    await page.reload();
    const call = page.locator(`#${CHARGE}`);
    await call.locator('.try summary').click();
    const keys = new Set<string>();
    for (let n = 0; n < 2; n++) {
      await call.getByRole('button', { name: 'Send' }).click();
      await call.locator('.answer', { hasText: '201' }).waitFor();
      const text = (await call.locator('.answer pre').textContent())!;
      expect(text).toContain('"state": "succeeded"');
      keys.add(/Idempotency-Key: (\S+)/.exec(text)![1]!);
      await page.evaluate(`document.querySelector('#${CHARGE} .answer').textContent = ''`);
    }
    expect(keys.size).toBe(2);

    await page.click('#sign-out');
    await call.getByRole('button', { name: 'Send' }).click();
    await call.locator('.answer', { hasText: '401' }).waitFor();
    await page.reload();
    expect(await page.textContent('#who')).toBe('Not signed in.');
    expect(faults).toEqual([]);
  });

  test('the filter finds a call of any resource by its words or its path', async () => {
    const { page } = await open({ width: 1280 });
    await page.goto(`${ORIGIN}/docs`);
    await page.fill('#filter', 'wallet/charge');
    expect(await page.locator('.group li:visible').count()).toBe(1);
    await page.press('#filter', 'Enter');
    await page.waitForURL(new RegExp(`#${CHARGE}$`));
    await page.getByRole('button', { name: 'TypeScript' }).first().click();
    await page.reload();
    expect(await page.locator('.sample[data-language=TypeScript]:visible').count()).toBeGreaterThan(2);
    expect(await page.locator('.sample[data-language=curl]:visible').count()).toBe(0);
  });
});

describe('at the door', () => {
  test('leads browsers to a page and programs to JSON', async () => {
    const page = await w.get('/', { accept: 'text/html,application/xhtml+xml' });
    expect([page.status, page.headers.get('content-type'), page.headers.get('vary')]).toEqual([
      200,
      'text/html; charset=utf-8',
      'accept-encoding, Accept',
    ]);
    for (const link of ['/docs', '/openapi.json', '/docs/problems', '/health', '/dev/outbox'])
      expect(page.body).toContain(`href="${link}"`);
    expect((await w.get('/')).body).toMatchObject({ name: 'Souk', reference: '/docs', openapi: '/openapi.json' });
    expect((await w.get('/favicon.ico')).headers.get('location')).toBe('/favicon.svg');
    expect((await w.get('/favicon.svg')).headers.get('content-type')).toBe('image/svg+xml');
    expect((await w.get('/robots.txt')).body).toContain('User-agent: *');
  });

  test.each([
    ['/docs/', '/docs'],
    ['/docs/problems/', '/docs/problems'],
    ['/v1/products/?limit=2', '/v1/products?limit=2'],
    ['/products/', '/products'],
    ['/v1/sales/goods/%C3%A9t%C3%A9/', '/v1/sales/goods/%C3%A9t%C3%A9'],
  ])('sends a reader of %s to %s', async (path, location) => {
    const reply = await w.get(path);
    expect([reply.status, reply.headers.get('location')]).toEqual([308, location]);
  });

  test('sends nobody to another host, and repeats no change at another address', async () => {
    for (const path of ['//evil.example/', '/%2F/evil.example/', '/docs//', '/nothing/'])
      expect(await w.get(path)).toBeProblem(404, 'not-found');
    expect(await w.post('/v1/orders/', {})).toBeProblem(404, 'not-found');
  });
});

test('every call belongs to a resource that its module introduces', () => {
  const groups = groupsOf(w.souk.openapi() as Document);
  expect(groups.length).toBeGreaterThan(12);
  expect(groups.filter(({ description }) => !/^[A-Z].*[.]/.test(description)).map(({ name }) => name)).toEqual([]);
  const nameOf = (path: string) => groups.find(({ calls }) => calls.some((call) => call.path === path))?.name;
  expect(nameOf('/v1/auth/sign-in')).toBe('Sign-up and sign-in');
  expect(nameOf('/v1/products/{id}/stock')).toBe('Stock');
});

test('no page shows what a renderer does not know', async () => {
  const groups = groupsOf(w.souk.openapi() as Document);
  for (const { slug, calls } of groups) {
    const page = (await w.get(`/docs/${slug}`)).body as string;
    expect(page, slug).not.toMatch(/undefined|\[object|\$ref|9007199254740991/);
    for (const { summary } of calls) expect(page).toContain(`${summary.replaceAll("'", '&#39;')} <a class="anchor"`);
  }
  const orders = (await w.get('/docs/orders')).body as string;
  expect(orders).toContain('href="/docs/problems#inventory-out-of-stock"');
  expect(orders).toContain('<code>Location</code>');
});

test('every sample of the reference is a program', () => {
  const samples = groupsOf(w.souk.openapi() as Document).flatMap(({ calls }) => calls.flatMap((call) => samplesOf(call, ORIGIN)));
  const textsOf = (language: Sample['language']) => samples.filter((sample) => sample.language === language).map(({ text }) => text);
  expect(textsOf('curl').length).toBeGreaterThan(60);
  execFileSync('bash', ['-n'], { input: textsOf('curl').join('\n') });
  for (const text of textsOf('TypeScript')) stripTypeScriptTypes(`async (token: string) => {\n${text}\n}`);
  expect(() => stripTypeScriptTypes('const reply = await fetch(')).toThrow();
});

test('demo accounts and the outbox are named outside production only', async () => {
  const { startPage } = await import('#kernel/docs/start-page.ts');
  const parts = { version: '1', modules: ['wallet'], origin: ORIGIN };
  const signIn = { path: '/v1/auth/sign-in', accounts: [{ username: 'bob', what: 'buys' }], password: 'souk-demo' };
  expect(await startPage({ ...parts, production: false, signIn })).toMatch(/\/dev\/outbox[\s\S]*souk-demo/);
  expect(await startPage({ ...parts, production: true })).not.toMatch(/\/dev\/outbox|souk-demo/);
});
