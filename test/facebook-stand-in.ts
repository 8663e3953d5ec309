import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLIENT, TEST_USER_HEADER } from './openid-provider.ts';

export interface FacebookStandIn {
  readonly dialogUrl: string;
  readonly graphUrl: string;
  /** What it says of whom, by id. An email is left out where there is no valid one. */
  readonly people: Map<string, { name: string; email?: string }>;
  close(): Promise<void>;
}

interface Granted {
  id: string;
  challenge: string;
}

/**
 * Stands in for Facebook as its pages document it: the login flow that one builds by hand, PKCE, and calls of the Graph API that
 * prove the app's secret. It is stricter than Facebook in one thing: without PKCE it gives out no code.
 */
export async function openFacebookStandIn(redirectUri: string): Promise<FacebookStandIn> {
  const people: FacebookStandIn['people'] = new Map();
  const codes = new Map<string, Granted>();
  const tokens = new Map<string, string>();

  /** `/dialog/oauth`: the person agrees, or goes back with `error_reason=user_denied`. */
  function dialog(asked: URLSearchParams, who: string, response: ServerResponse) {
    const isKnown = asked.get('client_id') === CLIENT.clientId && asked.get('redirect_uri') === redirectUri;
    const challenge = asked.get('code_challenge');
    if (!isKnown || asked.get('code_challenge_method') !== 'S256' || !challenge) return refuse(response, 'URL Blocked', 191);
    const back = new URL(redirectUri);
    const code = randomBytes(120).toString('base64url');
    const said =
      who === 'nobody'
        ? { error: 'access_denied', error_code: '200', error_description: 'Permissions error', error_reason: 'user_denied' }
        : { code };
    for (const [name, value] of Object.entries({ ...said, state: asked.get('state') ?? '' })) back.searchParams.set(name, value);
    if (who !== 'nobody') codes.set(code, { id: who, challenge });
    response.writeHead(302, { location: `${back.href}#_=_` }).end();
  }

  /** `/oauth/access_token`: a code, once, for who has the app's secret, the same redirect_uri, and the verifier. */
  function exchange(asked: URLSearchParams, response: ServerResponse) {
    if (asked.get('client_id') !== CLIENT.clientId || asked.get('client_secret') !== CLIENT.clientSecret)
      return refuse(response, 'Error validating client secret.', 1);
    if (asked.get('redirect_uri') !== redirectUri)
      return refuse(response, 'Error validating verification code. Please make sure your redirect_uri is identical.', 100);
    const granted = codes.get(asked.get('code') ?? '');
    codes.delete(asked.get('code') ?? '');
    if (!granted) return refuse(response, 'This authorization code has been used.', 100);
    const challenge = createHash('sha256')
      .update(asked.get('code_verifier') ?? '')
      .digest('base64url');
    if (challenge !== granted.challenge) return refuse(response, 'Invalid code_verifier.', 100);
    const token = `EAA${randomBytes(60).toString('base64url')}`;
    tokens.set(token, granted.id);
    reply(response, 200, { access_token: token, token_type: 'bearer', expires_in: 5_183_944 });
  }

  function me(asked: URLSearchParams, authorization: string | undefined, response: ServerResponse) {
    const token = authorization?.replace('Bearer ', '') ?? '';
    const id = tokens.get(token);
    if (!id) return refuse(response, 'Invalid OAuth access token - Cannot parse access token', 190);
    if (asked.get('appsecret_proof') !== createHmac('sha256', CLIENT.clientSecret).update(token).digest('hex'))
      return refuse(response, 'Invalid appsecret_proof provided in the API argument', 100);
    const known: Record<string, string | undefined> = { id, ...people.get(id) };
    reply(response, 200, Object.fromEntries((asked.get('fields') ?? 'id,name').split(',').map((field) => [field, known[field]])));
  }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://facebook.test');
    if (pathname === '/v25.0/dialog/oauth') return dialog(searchParams, String(request.headers[TEST_USER_HEADER] ?? 'nobody'), response);
    if (pathname === '/v25.0/oauth/access_token') return exchange(new URLSearchParams(await bodyOf(request)), response);
    if (pathname === '/v25.0/me') return me(searchParams, request.headers.authorization, response);
    refuse(response, 'Unknown path components', 2500);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v25.0`;
  return {
    dialogUrl: `${url}/dialog/oauth`,
    graphUrl: url,
    people,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}

const reply = (response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void =>
  void response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers }).end(JSON.stringify(body));

/** As the Graph API words its errors, the challenge included. */
const refuse = (response: ServerResponse, message: string, code: number): void =>
  reply(
    response,
    400,
    { error: { message, type: 'OAuthException', code, fbtrace_id: 'AbCdEf' } },
    { 'www-authenticate': `OAuth "Facebook Platform" "invalid_request" "${message}"` },
  );

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
