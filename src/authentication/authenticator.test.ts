import { createRemoteJWKSet, customFetch, exportJWK, exportSPKI, generateKeyPair, importJWK, jwtVerify, SignJWT, UnsecuredJWT } from 'jose';
import { expect, test, vi } from 'vitest';
import type { Revocation } from '#identity';
import { movableClock } from '#kernel/clock.ts';
import { newId } from '#kernel/ids.ts';
import { permissionsOf } from '#kernel/permissions.ts';
import { PASSWORD } from '../../test/people.ts';
import { type World, world } from '../../test/world.ts';
import { createAuthenticator } from './authenticator.ts';

const ISSUER = 'http://localhost:3000';
const me = (w: World, token: string) => w.get('/v1/auth/me', { authorization: `Bearer ${token}` });

test('anybody can verify an access token and an id token with the published keys', async () => {
  const w = await world();
  const bob = await w.person('bob', ['support']);
  const { body } = await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD });
  const discovery = (await w.get('/.well-known/openid-configuration')).body;
  expect(discovery).toMatchObject({
    issuer: ISSUER,
    jwks_uri: `${ISSUER}/.well-known/jwks.json`,
    token_endpoint: `${ISSUER}/v1/auth/token`,
  });
  const keys = createRemoteJWKSet(new URL(discovery.jwks_uri), { [customFetch]: (url) => w.souk.fetch(new Request(url)) });

  const access = await jwtVerify(body.accessToken, keys, { issuer: ISSUER, audience: 'souk', typ: 'at+jwt', algorithms: ['ES256'] });
  expect(access.payload).toMatchObject({
    sub: bob.id,
    username: 'bob',
    roles: ['support'],
    sid: expect.any(String),
    rev: expect.any(Number),
    jti: expect.any(String),
  });
  expect((access.payload.exp ?? 0) - (access.payload.iat ?? 0)).toBe(600);
  const id = await jwtVerify(body.idToken, keys, { issuer: ISSUER, algorithms: ['ES256'] });
  expect(id.payload).toMatchObject({ sub: bob.id, preferred_username: 'bob', email: 'bob@example.com', email_verified: true });
});

test('the published keys are public, and may be cached for a while', async () => {
  const w = await world();
  const { body, headers } = await w.get('/.well-known/jwks.json');
  expect(body.keys).toEqual([
    { kid: expect.any(String), kty: 'EC', crv: 'P-256', x: expect.any(String), y: expect.any(String), alg: 'ES256', use: 'sig' },
  ]);
  expect(headers.get('cache-control')).toBe('public, max-age=300');
});

test('a token that is tampered with, unsigned, signed by others or for others is refused', async () => {
  const w = await world();
  const bob = await w.person('bob');
  const [header = '', payload = '', signature = ''] = bob.token.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
  const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const theirs = await generateKeyPair('ES256', { extractable: true });
  const [published] = (await w.get('/.well-known/jwks.json')).body.keys;
  const publicText = await exportSPKI((await importJWK(published, 'ES256', { extractable: true })) as never);
  const sign = (change: object, kind: object = {}) =>
    new SignJWT({ ...claims, ...change }).setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt', ...kind }).sign(theirs.privateKey);

  const bad: Record<string, string> = {
    'other claims': `${header}.${encoded({ ...claims, roles: ['admin'] })}.${signature}`,
    'no signature': `${header}.${payload}.`,
    'alg none': `${encoded({ alg: 'none', kid, typ: 'at+jwt' })}.${payload}.`,
    unsecured: new UnsecuredJWT(claims).encode(),
    'HS256 with the public key': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid, typ: 'at+jwt' })
      .sign(new TextEncoder().encode(publicText)),
    'another key under our name': await sign({}),
    'a key that nobody knows': await sign({}, { kid: 'nobody' }),
    'a key that it brings itself': await sign({}, { kid: undefined, jwk: published }),
    'the id token': (await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD })).body.idToken,
    'three words': 'one.two.three',
    nothing: '',
    'very long': 'x'.repeat(10_000),
  };
  for (const [name, token] of Object.entries(bad)) expect(await me(w, token), name).toBeProblem(401, 'unauthenticated');
  expect((await me(w, bob.token)).status).toBe(200);
});

test('a token of another issuer is refused, though one key signs both', async () => {
  const w = await world();
  const other = await w.sibling({ PUBLIC_URL: 'https://souk.example' });
  await w.person('bob');
  const { body } = await other.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD });
  expect((await me(other, body.accessToken)).status).toBe(200);
  expect(await me(w, body.accessToken)).toBeProblem(401, 'unauthenticated');
});

test('processes that start at once sign with one key', async () => {
  const w = await world();
  const all = [w, ...(await Promise.all([w.sibling(), w.sibling(), w.sibling()]))];
  const keys = await Promise.all(all.map((each) => each.get('/.well-known/jwks.json')));
  expect(new Set(keys.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect(await w.sql('select 1 from identity.signing_keys')).toHaveLength(1);
});

test('a signing key is replaced after 90 days: published a day before, listed a day longer, and no token is refused', async () => {
  const w = await world();
  const kids = async () => (await w.get('/.well-known/jwks.json')).body.keys.map(({ kid }: { kid: string }) => kid) as string[];
  const signedBy = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid;
  const signIn = async () => (await w.post('/v1/auth/sign-in', { username: 'bob', password: PASSWORD })).body.accessToken;
  const later = async (days: number) => {
    w.clock.advance(days * 86_400_000);
    await w.step();
    w.clock.advance(61_000);
  };
  await w.person('bob');
  const [first] = await kids();
  await later(91);
  const [current, next] = await kids();
  expect([current, next]).toEqual([first, expect.any(String)]);
  expect(signedBy(await signIn())).toBe(first);
  await later(1.1);
  expect(await kids()).toEqual([next, first]);
  const token = await signIn();
  expect(signedBy(token)).toBe(next);
  expect((await me(w, token)).status).toBe(200);
  await later(1.1);
  expect(await kids()).toEqual([next]);
});

test('a remembered token costs no query', async () => {
  const w = await world();
  const bob = await w.person('bob');
  await me(w, bob.token);
  const sent = await w.statements(async () => {
    for (let n = 0; n < 5; n++) await me(w, bob.token);
  });
  expect(sent.filter((text) => /revocations|signing_keys/.test(text))).toEqual([]);
});

/** An authenticator alone, with what the outside tells it in the test's hands. */
async function alone() {
  const clock = movableClock();
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const state = { hearing: true, revoked: [] as Revocation[], heard: () => {} };
  const identity = {
    signingKeys: vi.fn(async () => ({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' } as never] })),
    revocations: vi.fn(async ({ since }: { since: number }) => {
      const revocations = state.revoked.filter(({ seq }) => seq > since);
      return { last: revocations.at(-1)?.seq ?? since, revocations };
    }),
  };
  const accountOfLink = () => Promise.reject(new Error('nobody is linked'));
  const signals = {
    hearing: () => state.hearing,
    on: (_: string, heard: () => void) => {
      state.heard = heard;
    },
  };
  const { authenticate } = createAuthenticator({
    metrics: { cached() {} },
    identity: { ...identity, accountOfLink },
    clock,
    issuer: ISSUER,
    permissions: permissionsOf([]),
    signals,
  });
  const ids = { sub: newId(), sid: newId() };
  const issue = async (rev = 0, change: object = {}, typ = 'at+jwt') => {
    const now = Math.floor(clock.now().getTime() / 1000);
    const claims = { iss: ISSUER, aud: 'souk', ...ids, username: 'bob', roles: [], rev, iat: now, exp: now + 600, jti: newId(), ...change };
    return `Bearer ${await new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k', typ }).sign(privateKey)}`;
  };
  return { clock, state, identity, authenticate, ids, issue };
}

test('without a token, or with another scheme, the caller is anonymous', async () => {
  const { authenticate, issue } = await alone();
  expect((await authenticate(undefined)).kind).toBe('anonymous');
  expect((await authenticate('Basic Ym9iOnBhc3N3b3Jk')).kind).toBe('anonymous');
  expect((await authenticate(await issue())).kind).toBe('user');
  expect((await authenticate((await issue()).replace('Bearer', 'bearer'))).kind).toBe('user');
});

test.each([
  ['another kind of token', {}, 'JWT'],
  ['another audience', { aud: 'elsewhere' }, 'at+jwt'],
  ['another issuer', { iss: 'https://elsewhere.example' }, 'at+jwt'],
  ['no end', { exp: undefined }, 'at+jwt'],
  ['no session', { sid: undefined }, 'at+jwt'],
  ['a start to come', { nbf: 4_102_444_800 }, 'at+jwt'],
  ['a subject that is no id', { sub: 'system' }, 'at+jwt'],
])('what our key has signed is refused when it is for something else: %s', async (_, change, typ) => {
  const { authenticate, issue } = await alone();
  await expect(authenticate(await issue(0, change, typ))).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('what is revoked is asked for once when it is heard of, not for every call', async () => {
  const { authenticate, issue, identity, state, ids } = await alone();
  const token = await issue();
  for (let n = 0; n < 10; n++) await authenticate(token);
  expect(identity.revocations).toHaveBeenCalledTimes(1);
  expect(identity.signingKeys).toHaveBeenCalledTimes(1);
  state.revoked.push({ seq: 7, kind: 'session', id: ids.sid });
  state.heard();
  await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect(identity.revocations).toHaveBeenCalledTimes(2);
});

test('a revoked account voids the tokens it had, not those it gets afterwards', async () => {
  const { authenticate, issue, state, ids } = await alone();
  const before = await issue(3);
  await authenticate(before);
  state.revoked.push({ seq: 9, kind: 'account', id: ids.sub });
  state.heard();
  await expect(authenticate(before)).rejects.toMatchObject({ code: 'unauthenticated' });
  expect((await authenticate(await issue(9))).id).toBe(ids.sub);
});

test('while nothing can be heard, every call asks; calls at once share a question', async () => {
  const { authenticate, issue, identity, state, ids } = await alone();
  const token = await issue();
  state.hearing = false;
  await authenticate(token);
  await authenticate(token);
  expect(identity.revocations.mock.calls.length).toBeGreaterThanOrEqual(2);
  state.revoked.push({ seq: 1, kind: 'session', id: ids.sid });
  await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
  const before = identity.revocations.mock.calls.length;
  await Promise.allSettled(Array.from({ length: 100 }, () => authenticate(token)));
  expect(identity.revocations.mock.calls.length - before).toBeLessThanOrEqual(2);
});

test('while nothing can be heard, a reading that began before the call does not answer it', async () => {
  const { authenticate, issue, identity, state, ids } = await alone();
  const token = await issue();
  await authenticate(token);
  state.hearing = false;
  let answerFirst = (): void => {};
  identity.revocations.mockImplementationOnce(
    () => new Promise((resolve) => (answerFirst = () => resolve({ last: 0, revocations: [] }))), // read before the sign-out
  );
  const before = authenticate(token);
  state.revoked.push({ seq: 1, kind: 'session', id: ids.sid });
  const after = authenticate(token);
  answerFirst();
  expect((await before).kind).toBe('user');
  await expect(after).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('a connection that is dead without anybody noticing is trusted for ten seconds', async () => {
  const { authenticate, issue, state, ids, clock } = await alone();
  const token = await issue();
  await authenticate(token);
  state.revoked.push({ seq: 1, kind: 'session', id: ids.sid });
  clock.advance(10_000);
  await expect(authenticate(token)).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('when revocations cannot be read, nobody is let in on what was known before', async () => {
  const { authenticate, issue, identity, state } = await alone();
  const token = await issue();
  await authenticate(token);
  identity.revocations.mockRejectedValueOnce(new Error('down'));
  state.heard();
  await expect(authenticate(token)).rejects.toThrow('down');
  expect((await authenticate(token)).kind).toBe('user');
});

test('invented names of keys are asked for at most once a second', async () => {
  const { authenticate, identity } = await alone();
  const { privateKey } = await generateKeyPair('ES256');
  for (let n = 0; n < 20; n++) {
    const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid: `invented-${n}` }).sign(privateKey);
    await expect(authenticate(`Bearer ${token}`)).rejects.toMatchObject({ code: 'unauthenticated' });
  }
  expect(identity.signingKeys).toHaveBeenCalledTimes(1);
});

test('a revocation is forgotten when no token it voids can be alive', async () => {
  const { authenticate, issue, state, ids, clock } = await alone();
  state.revoked.push({ seq: 1, kind: 'account', id: ids.sub });
  await expect(authenticate(await issue(0))).rejects.toMatchObject({ code: 'unauthenticated' });
  state.revoked.length = 0;
  clock.advance(61 * 60_000);
  expect((await authenticate(await issue(0))).id).toBe(ids.sub);
});
