import { once } from 'node:events';
import { createServer } from 'node:http';
import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { newId } from '#kernel/ids.ts';

/** An OpenID Connect provider of a test: discovery and keys over HTTP, and tokens as Amazon Cognito writes them. */
export interface TestIssuer {
  readonly url: string;
  /** How often its keys were asked for. */
  asked(): number;
  /** Signs with a new key from now on; both are published. */
  rotate(): Promise<void>;
  /** `false`: it answers 503 for everything. */
  answers(well: boolean): void;
  /** Says in its discovery document that it is somebody else. */
  pretends(issuer: string): void;
  sign(claims: JWTPayload, header?: Record<string, unknown>): Promise<string>;
  idToken(person: Someone, change?: JWTPayload): Promise<string>;
  accessToken(person: Someone, change?: JWTPayload): Promise<string>;
  /** The newest public key, as it is published. */
  publicKey(): Record<string, unknown>;
  stop(): Promise<void>;
}

export interface Someone {
  sub: string;
  email?: string;
}

export const someone = (name: string): Someone => ({ sub: newId(), email: `${name}@example.com` });

export const CLIENT = '6d2example0client';

export async function startIssuer(now: () => Date): Promise<TestIssuer> {
  const keys: { kid: string; privateKey: CryptoKey; jwk: Record<string, unknown> }[] = [];
  const rotate = async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
    const kid = `key-${keys.length + 1}`;
    keys.push({ kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } });
  };
  await rotate();
  const state = { asked: 0, well: true, issuer: '' };
  const server = createServer((request, reply) => {
    const isKeys = request.url === '/pool/keys';
    if (isKeys) state.asked++;
    const body = isKeys ? { keys: keys.map(({ jwk }) => jwk) } : { issuer: state.issuer, jwks_uri: `${url}/keys` };
    reply.writeHead(state.well ? 200 : 503, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/pool`;
  state.issuer = url;

  const sign = (claims: JWTPayload, header: Record<string, unknown> = {}) => {
    const { kid, privateKey } = keys.at(-1)!;
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid, ...header }).sign(privateKey);
  };
  const common = (sub: string): JWTPayload => {
    const iat = Math.floor(now().getTime() / 1000);
    return { iss: url, sub, iat, auth_time: iat, exp: iat + 3600, 'cognito:username': sub, username: sub };
  };
  return {
    url,
    asked: () => state.asked,
    rotate,
    answers: (well) => {
      state.well = well;
    },
    pretends: (issuer) => {
      state.issuer = issuer;
    },
    sign,
    idToken: ({ sub, email }, change) =>
      sign({ ...common(sub), aud: CLIENT, token_use: 'id', email, email_verified: true, name: 'Jane Doe', ...change }),
    accessToken: ({ sub }, change) =>
      sign({ ...common(sub), client_id: CLIENT, token_use: 'access', scope: 'openid email', version: 2, ...change }),
    publicKey: () => keys.at(-1)!.jwk,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
