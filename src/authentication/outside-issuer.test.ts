import { exportJWK, exportSPKI, generateKeyPair, importJWK, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { hours } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { CLIENT, someone, startIssuer, type TestIssuer } from '../../test/outside-issuer.ts';
import { type World, world } from '../../test/world.ts';
import { openOutsideIssuer } from './outside-issuer.ts';

let w: World;
let issuer: TestIssuer;
const opened: TestIssuer[] = [];

beforeAll(async () => {
  issuer = await open();
  w = await world({ env: { OUTSIDE_ISSUER: issuer.url, OUTSIDE_AUDIENCE: CLIENT } });
});
afterAll(() => Promise.all(opened.map((each) => each.stop())));
afterEach(() => {
  vi.useRealTimers();
});

async function open(): Promise<TestIssuer> {
  const started = await startIssuer(() => w.clock.now());
  opened.push(started);
  return started;
}

const me = (token: string, where: World = w) => where.get('/v1/auth/me', { authorization: `Bearer ${token}` });

describe('a token is refused', () => {
  const mallory = someone('mallory');
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = (): JWTPayload => ({
    iss: issuer.url,
    sub: mallory.sub,
    aud: CLIENT,
    token_use: 'id',
    email: 'root@example.com',
    email_verified: true,
    exp: Math.floor(w.clock.now().getTime() / 1000) + 600,
  });

  test.each<[string, JWTPayload]>([
    ['for another client', { aud: 'somebody-else' }],
    ['for nobody', { aud: undefined }],
    ['that names our client where an access token would', { aud: undefined, client_id: CLIENT }],
    ['for another client that names ours beside it', { aud: 'somebody-else', client_id: CLIENT, token_use: 'access' }],
    ['of another client in an access token', { aud: undefined, client_id: 'somebody-else', token_use: 'access' }],
    ['of an unknown use', { token_use: 'refresh' }],
    ['of another issuer', { iss: 'https://elsewhere.example' }],
    ['of almost this issuer', { iss: 'ISSUER/' }],
    ['that has run out', { exp: 1_000_000_000 }],
    ['that never runs out', { exp: undefined }],
    ['that is not valid yet', { nbf: 4_102_444_800 }],
    ['without a subject', { sub: undefined }],
    ['with an empty subject', { sub: '' }],
    ['that tells of a sign-out', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }],
  ])('%s', async (_, change) => {
    const iss = change.iss === 'ISSUER/' ? `${issuer.url}/` : (change.iss ?? issuer.url);
    expect(await me(await issuer.sign({ ...claims(), ...change, iss }))).toBeProblem(401, 'unauthenticated');
    expect(await w.sql('select from identity.accounts where username = $1', ['mallory'])).toEqual([]);
  });

  test('that is forged in any of the usual ways', async () => {
    const theirs = await generateKeyPair('RS256');
    const valid = await issuer.sign(claims());
    const [header = '', payload = '', signature = ''] = valid.split('.');
    const publicText = await exportSPKI((await importJWK(issuer.publicKey(), 'RS256', { extractable: true })) as never);
    const kid = issuer.publicKey().kid as string;
    const hs256 = (secret: string) =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid }).sign(new TextEncoder().encode(secret));
    const bad: Record<string, string> = {
      'alg none': `${encoded({ alg: 'none', kid })}.${payload}.`,
      unsecured: new UnsecuredJWT(claims()).encode(),
      'HS256 with the public key': await hs256(publicText),
      'HS256 with the published modulus': await hs256(issuer.publicKey().n as string),
      'no signature': `${header}.${payload}.`,
      'other claims': `${header}.${encoded({ ...claims(), sub: newId() })}.${signature}`,
      'another key under its name': await new SignJWT(claims()).setProtectedHeader({ alg: 'RS256', kid }).sign(theirs.privateKey),
      'a key that it brings itself': await new SignJWT(claims())
        .setProtectedHeader({ alg: 'RS256', jwk: issuer.publicKey() as never, jku: `${issuer.url}/keys` })
        .sign(theirs.privateKey),
      'a sign-out by its type': await issuer.sign(claims(), { typ: 'logout+jwt' }),
      'our own name': await issuer.sign({ ...claims(), iss: 'http://localhost:3000', aud: 'souk' }, { typ: 'at+jwt' }),
    };
    for (const [name, token] of Object.entries(bad)) expect(await me(token), name).toBeProblem(401, 'unauthenticated');
  });

  test('of an issuer that nobody has named in the settings', async () => {
    const plain = await world();
    expect(await me(await issuer.idToken(someone('nobody')), plain)).toBeProblem(401, 'unauthenticated');
  });

  test('with its next call once it has run out', async () => {
    const token = await issuer.idToken(someone('late'));
    expect((await me(token)).status).toBe(200);
    w.clock.advance(hours(1) + 1000);
    expect(await me(token)).toBeProblem(401, 'unauthenticated');
  });
});

describe("the issuer's keys", () => {
  const apart = async (env: (issuer: TestIssuer) => Record<string, string> = () => ({})) => {
    const theirs = await open();
    const there = await w.sibling({ OUTSIDE_ISSUER: theirs.url, OUTSIDE_AUDIENCE: CLIENT, ...env(theirs) });
    return { theirs, there };
  };

  test('are asked for once, and again for a new one, but not more than once within half a minute', async () => {
    const { theirs, there } = await apart();
    const jack = someone('jack');
    await Promise.all(Array.from({ length: 10 }, async () => me(await theirs.idToken(jack), there)));
    expect(theirs.asked()).toBe(1);

    await theirs.rotate();
    expect(await me(await theirs.idToken(jack), there)).toBeProblem(401, 'unauthenticated');
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 31_000 });
    expect((await me(await theirs.idToken(jack), there)).status).toBe(200);
    expect(theirs.asked()).toBe(2);

    for (let n = 0; n < 20; n++) {
      const invented = await theirs.sign({ iss: theirs.url, sub: 'x', aud: CLIENT, exp: 4_102_444_800 }, { kid: `invented-${n}` });
      expect(await me(invented, there)).toBeProblem(401, 'unauthenticated');
    }
    expect(theirs.asked()).toBe(2);
  });

  test('are needed for its tokens only: while it does not answer our own go on, and so do its own that are known', async () => {
    const { theirs, there } = await apart();
    const kim = someone('kim');
    const known = await theirs.idToken(kim);
    expect((await me(known, there)).status).toBe(200);
    const again = await w.sibling({ OUTSIDE_ISSUER: theirs.url, OUTSIDE_AUDIENCE: CLIENT });
    theirs.answers(false);

    const unread = await me(await theirs.idToken(kim), again);
    expect(unread).toBeProblem(503, 'unavailable');
    expect(unread.body.detail).toContain('issuer');
    expect(unread.headers.get('retry-after')).toBe('2');
    expect((await me((await w.person('lea')).token, again)).status).toBe(200);
    expect((await me(known, there)).status).toBe(200);

    theirs.answers(true);
    w.clock.advance(1000);
    expect((await me(await theirs.idToken(kim), again)).status).toBe(200);
  });

  test('are not taken from a discovery document that speaks for another issuer', async () => {
    const { theirs, there } = await apart();
    theirs.pretends('https://elsewhere.example');
    expect(await me(await theirs.idToken(someone('max')), there)).toBeProblem(503, 'unavailable');
  });

  test.each([
    ['https://issuer.example/keys', 'recognised'],
    ['http://issuer.example/keys', 'unavailable'],
  ])('of an issuer by TLS come by TLS too: those at %s are %s', async (jwks_uri, outcome) => {
    const issuer = 'https://issuer.example';
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const keys = [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' }];
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: string | URL) => {
      asked.push(`${url}`);
      return Response.json(`${url}` === jwks_uri ? { keys } : { issuer, jwks_uri });
    });
    try {
      const now = Math.floor(w.clock.now().getTime() / 1000);
      const token = await new SignJWT({ iss: issuer, aud: CLIENT, sub: 'max', iat: now, exp: now + 600 })
        .setProtectedHeader({ alg: 'ES256', kid: 'k' })
        .sign(privateKey);
      const outside = openOutsideIssuer({ issuer, audiences: [CLIENT], jwksUrl: undefined }, w.clock);
      const said = await outside.recognise(token).then(
        () => 'recognised',
        ({ code }) => code,
      );
      expect(said).toBe(outcome);
      expect(asked.filter((url) => url.startsWith('http:'))).toEqual([]);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('are taken from OUTSIDE_JWKS_URL where it is given', async () => {
    const { theirs, there } = await apart(({ url }) => ({ OUTSIDE_JWKS_URL: `${url}/keys` }));
    theirs.pretends('https://elsewhere.example');
    expect((await me(await theirs.idToken(someone('ned')), there)).status).toBe(200);
  });
});

test.each([
  [{ OUTSIDE_ISSUER: 'https://issuer.example' }, /^OUTSIDE_AUDIENCE/],
  [{ OUTSIDE_AUDIENCE: CLIENT }, /^OUTSIDE_ISSUER/],
  [{ OUTSIDE_JWKS_URL: 'https://issuer.example/keys' }, /^OUTSIDE_ISSUER/],
  [{ OUTSIDE_ISSUER: 'issuer.example', OUTSIDE_AUDIENCE: CLIENT }, /^OUTSIDE_ISSUER/],
  [
    { OUTSIDE_ISSUER: 'https://issuer.example', OUTSIDE_AUDIENCE: CLIENT, OUTSIDE_JWKS_URL: 'http://issuer.example/keys' },
    /^OUTSIDE_JWKS_URL/,
  ],
  [{ OUTSIDE_ISSUER: 'http://localhost:3000', OUTSIDE_AUDIENCE: CLIENT }, /PUBLIC_URL/],
  [{ OUTSIDE_ISSUER: 'http://issuer.example', OUTSIDE_AUDIENCE: CLIENT, NODE_ENV: 'production', RATE_LIMITS: 'on' }, /https/],
])('settings that would let in the wrong ones end the start: %j', async (env, sentence) => {
  await expect(world({ env: env as unknown as Record<string, string> })).rejects.toThrow(sentence);
});
