import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect, test } from 'vitest';
import { minutes } from '#kernel/clock.ts';
import { browserOf } from '../../../test/browser.ts';
import { callbackOf, openProviderStandIns, type ProviderStandIns } from '../../../test/provider-stand-ins.ts';
import { type World, world } from '../../../test/world.ts';

let standIns: ProviderStandIns;
let w: World;
beforeAll(async () => {
  standIns = await openProviderStandIns();
  standIns.google.people.set('jane', { name: 'Jane', email: 'jane@example.com', email_verified: true });
  standIns.facebook.people.set('jane', { name: 'Jane', email: 'jane@example.com' });
  w = await world({ env: standIns.env });
});

const jane = () => browserOf(w, 'jane');
const addressOf = (reply: { headers: Headers }) => new URL(reply.headers.get('location') ?? '');

/** On the way, up to the moment when the browser would come back. */
async function underWay(provider = 'google', meddle: (address: URL) => void = () => {}) {
  const browser = jane();
  const address = addressOf(await browser.begin(provider));
  meddle(address);
  return { browser, path: await browser.travel(address.href) };
}

test('the browser is sent to the provider with state, nonce and PKCE, and keeps a cookie that no script reads', async () => {
  const reply = await jane().begin('google');
  expect(reply.status).toBe(302);
  const address = addressOf(reply);
  expect(address.origin).toBe(standIns.google.url);
  expect(Object.fromEntries(address.searchParams)).toMatchObject({
    response_type: 'code',
    scope: 'openid email profile',
    redirect_uri: callbackOf('google'),
    code_challenge_method: 'S256',
  });
  for (const name of ['state', 'nonce', 'code_challenge']) expect(address.searchParams.get(name)).toHaveLength(43);
  expect(reply.headers.get('set-cookie')).toMatch(/^souk-authorization-[\w-]{12}=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
  expect(reply.headers.get('cache-control')).toBe('no-store');
});

test('over https the cookie is for this host and https only', async () => {
  const secure = await w.sibling({ PUBLIC_URL: 'https://api.example.com' });
  const reply = await browserOf(secure, 'jane').begin('facebook');
  expect(reply.headers.get('set-cookie')).toMatch(
    /^__Host-souk-authorization-[\w-]{12}=[^;]+; Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
  );
  expect(addressOf(reply).searchParams.get('redirect_uri')).toBe('https://api.example.com/v1/auth/social/facebook/callback');
});

test('another browser cannot finish what this one began, and does not spoil it', async () => {
  const { browser, path } = await underWay();
  const mallory = browserOf(w, 'mallory');
  await mallory.begin('google');
  expect(await mallory.comeBack(path)).toBeProblem(403, 'social/unknown-journey');
  expect(await w.get(path)).toBeProblem(403, 'social/unknown-journey');
  expect((await browser.comeBack(path)).status).toBe(200);
});

test('a return counts once: of twenty at the same time one signs in', async () => {
  const { browser, path } = await underWay();
  const replies = await Promise.all(Array.from({ length: 20 }, () => browser.comeBack(path)));
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
  for (const reply of replies.filter(({ status }) => status !== 200)) expect(reply).toBeProblem(403, 'social/unknown-journey');
  expect(await browser.comeBack(path)).toBeProblem(403, 'social/unknown-journey');
});

test.each([
  ['an unknown state', (path: string) => path.replace(/state=[^&]+/, 'state=guessed')],
  ["another provider's callback", (path: string) => path.replace('google', 'facebook')],
])('%s leads nowhere', async (_, meddle) => {
  const { browser, path } = await underWay();
  expect(await browser.comeBack(meddle(path))).toBeProblem(403, 'social/unknown-journey');
  expect((await browser.comeBack(path)).status).toBe(200);
});

test('an authorization request takes ten minutes at most, and is then forgotten', async () => {
  const mine = await world({ env: standIns.env });
  const browser = browserOf(mine, 'jane');
  const path = await browser.travel(addressOf(await browser.begin('google')).href);
  mine.clock.advance(minutes(10));
  expect(await browser.comeBack(path)).toBeProblem(403, 'social/unknown-journey');
  mine.clock.advance(minutes(6));
  await mine.step();
  expect(await mine.sql('select 1 from social.journeys')).toEqual([]);
});

test('two tabs of one browser do not disturb each other', async () => {
  const browser = jane();
  const [one, other] = [addressOf(await browser.begin('google')), addressOf(await browser.begin('google'))];
  const paths = [await browser.travel(one.href), await browser.travel(other.href)];
  expect((await browser.comeBack(paths[0]!)).status).toBe(200);
  expect((await browser.comeBack(paths[1]!)).status).toBe(200);
});

test.each([
  ['nonce', (address: URL) => address.searchParams.set('nonce', 'of-somebody-else')],
  ['code_challenge', (address: URL) => address.searchParams.set('code_challenge', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM')],
])('with another %s nothing is proven', async (_, meddle) => {
  const { browser, path } = await underWay('google', meddle);
  expect(await browser.comeBack(path)).toBeProblem(403, 'social/not-proven');
});

test("with another challenge Facebook's code is not proven either", async () => {
  const { browser, path } = await underWay('facebook', (address) => address.searchParams.set('code_challenge', 'another'));
  expect(await browser.comeBack(path)).toBeProblem(403, 'social/not-proven');
});

test("a code of another request is not taken: somebody else's is slipped in", async () => {
  const mallory = browserOf(w, 'mallory');
  standIns.google.people.set('mallory', { name: 'Mallory', email: 'mallory@example.com', email_verified: true });
  const theirs = new URLSearchParams((await mallory.travel(addressOf(await mallory.begin('google')).href)).split('?')[1]);
  const { browser, path } = await underWay();
  const mixed = path.replace(/code=[^&]+/, `code=${theirs.get('code')}`);
  expect(await browser.comeBack(mixed)).toBeProblem(403, 'social/not-proven');
  expect(await browser.comeBack(path)).toBeProblem(403, 'social/unknown-journey'); // this authorization request is over
});

test('without PKCE the provider gives out no code', async () => {
  const { browser, path } = await underWay('google', (address) => {
    for (const name of ['code_challenge', 'code_challenge_method']) address.searchParams.delete(name);
  });
  expect(path).not.toContain('code=');
  expect(await browser.comeBack(path)).toBeProblem(403, 'social/declined');
});

test.each(['google', 'facebook', 'myspace', 'constructor'])('%s, which is not set up, is told apart from nothing', async (provider) => {
  const plain = await world();
  expect(await plain.get(`/v1/auth/social/${provider}`)).toBeProblem(404, 'social/unknown-provider');
  expect(await plain.get(`/v1/auth/social/${provider}/callback?state=x&code=y`)).toBeProblem(404, 'social/unknown-provider');
});

test('a provider that does not answer, or answers nonsense, is a refusal of its own', async () => {
  const odd = createServer((_, response) => void response.writeHead(500).end('<html>'));
  await new Promise<void>((done) => odd.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
  for (const broken of ['http://127.0.0.1:9', url]) {
    const apart = await w.sibling({ GOOGLE_ISSUER_URL: broken, FACEBOOK_GRAPH_URL: broken });
    expect(await browserOf(apart, 'jane').begin('google')).toBeProblem(503, 'social/provider-unavailable');
    const reply = await browserOf(apart, 'jane').signIn('facebook');
    expect(reply).toBeProblem(503, 'social/provider-unavailable');
    expect(reply.headers.get('retry-after')).toBe('5');
  }
  odd.close();
});

test('what is no return at all is malformed', async () => {
  expect(await w.get('/v1/auth/social/google/callback')).toBeProblem(422, 'invalid');
  expect(await w.get(`/v1/auth/social/google/callback?state=${'x'.repeat(300)}`)).toBeProblem(422, 'invalid');
});

test('sixty authorization requests a minute are begun from one address', async () => {
  const limited = await w.sibling({ RATE_LIMITS: 'on' });
  for (let n = 1; n <= 60; n++) expect((await limited.get('/v1/auth/social/facebook')).status).toBe(302);
  expect(await limited.get('/v1/auth/social/facebook')).toBeProblem(429, 'too-many-requests');
});
