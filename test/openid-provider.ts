import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider, { type Configuration } from 'oidc-provider';

export const CLIENT = { clientId: 'souk-of-a-test', clientSecret: 'a secret between Souk and a provider' };

/** Who asks, in a header instead of a form: a browser of a test is somebody from the start. */
export const TEST_USER_HEADER = 'x-i-am';

export interface Claims {
  email?: string;
  email_verified?: boolean;
  name?: string;
}

export interface OpenIdProvider {
  readonly url: string;
  /** What it says of whom, by subject. */
  readonly people: Map<string, Claims>;
  close(): Promise<void>;
}

/**
 * A real provider of OpenID Connect on this machine: discovery, published keys, PKCE, nonce. It believes whoever says who they are,
 * and asks nobody for consent; `nobody` declines.
 */
export async function openOpenIdProvider(redirectUri: string): Promise<OpenIdProvider> {
  const people = new Map<string, Claims>();
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const configuration: Configuration = {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        redirect_uris: [redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'test' }] },
    ttl: { Interaction: 600, Session: 600, Grant: 600, AuthorizationCode: 60, AccessToken: 600, IdToken: 600 },
    cookies: { keys: ['a key of a test'] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    conformIdTokenClaims: false, // as Google, which puts them into the id token
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...people.get(sub) }) }),
    async loadExistingGrant({ oidc }) {
      const clientId = oidc.client!.clientId;
      const before = oidc.session!.grantIdFor(clientId);
      const grant =
        (before && (await oidc.provider.Grant.find(before))) || new oidc.provider.Grant({ clientId, accountId: oidc.session!.accountId! });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  };
  const provider = new Provider(url, configuration);
  const answer = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (!request.url?.startsWith('/interaction/')) return void answer(request, response);
    const who = String(request.headers[TEST_USER_HEADER] ?? 'nobody');
    const result = who === 'nobody' ? { error: 'access_denied' } : { login: { accountId: who } };
    void provider.interactionFinished(request, response, result);
  });
  return {
    url,
    people,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
