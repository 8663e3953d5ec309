import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openFacebookStandIn } from '../../../test/facebook-stand-in.ts';
import { CLIENT, openOpenIdProvider, TEST_USER_HEADER } from '../../../test/openid-provider.ts';
import { facebook } from './facebook.ts';
import { google } from './google.ts';
import type { AuthorizationRequest, IdentityProvider, Return } from './port.ts';

const redirectUri = 'http://localhost:3000/v1/auth/social/any/callback';

interface Stand {
  /** The adapter, with these credentials, for this stand-in or another address. */
  adapter(parts?: { clientSecret?: string; url?: string }): IdentityProvider;
  knows(subject: string, person: { name: string; email?: string }): void;
  close(): Promise<void>;
}

/** Each adapter, with a stand-in for its provider that runs on this machine. */
const stands: { name: string; open: () => Promise<Stand> }[] = [
  {
    name: 'google',
    open: async () => {
      const standIn = await openOpenIdProvider(redirectUri);
      return {
        adapter: ({ url = standIn.url, ...parts } = {}) => google({ issuerUrl: url, ...CLIENT, ...parts }),
        knows: (subject, { email, name }) => standIn.people.set(subject, { name, ...(email ? { email, email_verified: true } : {}) }),
        close: standIn.close,
      };
    },
  },
  {
    name: 'facebook',
    open: async () => {
      const standIn = await openFacebookStandIn(redirectUri);
      return {
        adapter: ({ url = standIn.graphUrl, ...parts } = {}) =>
          facebook({ dialogUrl: standIn.dialogUrl, graphUrl: url, ...CLIENT, emailVerified: true, ...parts }),
        knows: (subject, person) => standIn.people.set(subject, person),
        close: standIn.close,
      };
    },
  },
];

const request = (name: string): AuthorizationRequest => ({
  state: `state-${name}`,
  nonce: `nonce-${name}`,
  verifier: name.padEnd(43, '~'),
  redirectUri,
});

/** Follows an address as somebody's browser does. */
async function travel(address: string, who: string): Promise<Return & { state?: string }> {
  const cookies = new Map<string, string>();
  for (let url = new URL(address); ; ) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const reply = await fetch(url, { redirect: 'manual', headers: { cookie, [TEST_USER_HEADER]: who } });
    for (const set of reply.headers.getSetCookie()) cookies.set(set.split('=')[0]!, set.split(';')[0]!.slice(set.indexOf('=') + 1));
    const next = reply.headers.get('location');
    if (!next) throw new Error(`${url.pathname} answered ${reply.status}`);
    url = new URL(next, url);
    if (url.href.startsWith(redirectUri)) return Object.fromEntries(url.searchParams);
  }
}

describe.each(stands)('signing in with $name', ({ open }) => {
  let stand: Stand;
  let provider: IdentityProvider;
  beforeAll(async () => {
    stand = await open();
    provider = stand.adapter();
    stand.knows('11', { name: 'Jane Doe', email: 'jane@example.com' });
    stand.knows('12', { name: 'Joe' });
  });
  afterAll(() => stand.close());

  const arrives = async (name: string, who: string) => travel(await provider.invite(request(name)), who);

  test('the address carries our state and the hash of the verifier, never the verifier', async () => {
    const address = new URL(await provider.invite(request('a')));
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      client_id: CLIENT.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      state: 'state-a',
      code_challenge_method: 'S256',
    });
    expect(address.searchParams.get('code_challenge')).toHaveLength(43);
    expect(address.href).not.toContain(request('a').verifier);
    expect(address.href).not.toContain(encodeURIComponent(CLIENT.clientSecret));
  });

  test('who comes back is recognised', async () => {
    const back = await arrives('b', '11');
    expect(back.state).toBe('state-b');
    expect(await provider.recognise(request('b'), back)).toEqual({
      outcome: 'recognised',
      person: { subject: '11', email: 'jane@example.com', emailVerified: true, fullName: 'Jane Doe' },
    });
  });

  test('somebody without an email is recognised all the same', async () => {
    expect(await provider.recognise(request('c'), await arrives('c', '12'))).toEqual({
      outcome: 'recognised',
      person: { subject: '12', email: null, emailVerified: false, fullName: 'Joe' },
    });
  });

  test('who says no has declined', async () => {
    expect(await provider.recognise(request('d'), await arrives('d', 'nobody'))).toEqual({ outcome: 'declined' });
  });

  test('a code is accepted once', async () => {
    const back = await arrives('e', '11');
    await provider.recognise(request('e'), back);
    expect(await provider.recognise(request('e'), back)).toEqual({ outcome: 'not-proven' });
  });

  test.each([
    ["another request's code", (back: Return) => back, { ...request('g'), state: 'state-f', nonce: 'nonce-f' }],
    ['a code that nobody gave out', (back: Return) => ({ ...back, code: 'guessed' }), request('f')],
    ['no code', (back: Return) => ({ ...back, code: undefined }), request('f')],
  ])('%s proves nothing', async (_, meddle, mine) => {
    expect(await provider.recognise(mine, meddle(await arrives('f', '11')))).toEqual({ outcome: 'not-proven' });
  });

  test('a client without our secret learns nothing', async () => {
    const back = await arrives('h', '11');
    const answer = await stand
      .adapter({ clientSecret: 'a guess' })
      .recognise(request('h'), back)
      .catch(() => ({ outcome: 'no answer' }));
    expect(answer.outcome).not.toBe('recognised');
  });

  test('a provider that cannot be reached gives no answer, and is asked again the next time', async () => {
    const back = await arrives('i', '11');
    const apart = stand.adapter({ url: 'http://127.0.0.1:9' });
    await expect(apart.recognise(request('i'), back)).rejects.toThrow();
    expect((await provider.recognise(request('i'), back)).outcome).toBe('recognised');
  });

  test('a provider that takes the call and never answers is given up after five seconds', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const began = performance.now();
    await expect(stand.adapter({ url }).recognise(request('j'), { code: 'any' })).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(8000);
    silent.closeAllConnections();
    silent.close();
  }, 20_000);

  test.each(['not json', '{}', '{"access_token": 7}'])('an answer of %s counts as none', async (text) => {
    const odd = createServer((_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(text));
    await new Promise<void>((done) => odd.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(odd.address() as AddressInfo).port}`;
    const answer = await stand
      .adapter({ url })
      .recognise(request('k'), { code: 'any' })
      .catch(() => ({ outcome: 'no answer' }));
    expect(['no answer', 'not-proven']).toContain(answer.outcome);
    odd.closeAllConnections();
    odd.close();
  });
});

test("Google's answer counts with the nonce of this authorization request only", async () => {
  const standIn = await openOpenIdProvider(redirectUri);
  standIn.people.set('11', { email: 'jane@example.com', email_verified: true });
  const provider = google({ issuerUrl: standIn.url, ...CLIENT });
  const address = new URL(await provider.invite(request('a')));
  address.searchParams.set('nonce', 'another');
  expect(await provider.recognise(request('a'), await travel(address.href, '11'))).toEqual({ outcome: 'not-proven' });
  await standIn.close();
});

test('without the proof of the hash (PKCE) neither provider gives out a code', async () => {
  for (const { open } of stands) {
    const stand = await open();
    const address = new URL(await stand.adapter().invite(request('a')));
    for (const name of ['code_challenge', 'code_challenge_method']) address.searchParams.delete(name);
    expect(await travel(address.href, '11').catch(() => ({}))).not.toHaveProperty('code');
    await stand.close();
  }
});

test('what Facebook says of an email counts as verified, or not, as the operator has set it', async () => {
  const standIn = await openFacebookStandIn(redirectUri);
  standIn.people.set('11', { name: 'Jane', email: 'jane@example.com' });
  const provider = facebook({ ...standIn, ...CLIENT, emailVerified: false });
  const answer = await provider.recognise(request('a'), await travel(await provider.invite(request('a')), '11'));
  expect(answer).toMatchObject({ outcome: 'recognised', person: { email: 'jane@example.com', emailVerified: false } });
  await standIn.close();
});
