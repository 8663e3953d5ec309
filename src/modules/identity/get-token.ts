import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import { malformed, unauthenticated } from '#kernel/problems.ts';
import type { Identity } from './context.ts';
import { refreshSession } from './refresh-session.ts';
import { signIn } from './sign-in.ts';
import { Tokens } from './tokens.ts';

/** As RFC 6749 sends it. Fields that OAuth libraries add are let through and not used. */
export const TokenRequest = z
  .strictObject({
    grant_type: z.enum(['refresh_token', 'client_credentials']).optional(),
    refresh_token: z.string().min(1).max(1000).optional(),
    scope: z.string().max(1000).optional(),
    client_id: z.string().max(200).optional(),
  })
  .meta({
    id: 'TokenRequest',
    example: { grant_type: 'refresh_token', refresh_token: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01.1.2Zc0mmZ9cQ0yX0JrKQ4rXw.b3VycyBhbG9uZQ' },
  });

/** Go spells `accessToken` and `access_token` alike: generators of Go read these extensions. */
const inGo = (name: string) => ({ 'x-go-name': `OAuth${name}`, 'x-go-type-name': `OAuth${name}` });

/** The same tokens twice: in this API's words, and in those of RFC 6749. */
export const OAuthTokens = Tokens.extend({
  access_token: z.string().meta(inGo('AccessToken')),
  id_token: z.string().meta(inGo('IdToken')),
  refresh_token: z.string().meta(inGo('RefreshToken')),
  expires_in: z.int().meta(inGo('ExpiresIn')),
  token_type: z.literal('Bearer').meta(inGo('TokenType')),
}).meta({ id: 'OAuthTokens' });
export type OAuthTokens = z.infer<typeof OAuthTokens>;

/** Tokens for a refresh token, or for the name and password of an `Authorization: Basic` header. */
export async function getToken(
  ctx: Identity,
  request: z.infer<typeof TokenRequest>,
  authorization: string | undefined,
): Promise<OAuthTokens> {
  return inBothWords(await tokensFor(ctx, request, authorization));
}

async function tokensFor(ctx: Identity, request: z.infer<typeof TokenRequest>, authorization: string | undefined): Promise<Tokens> {
  if (request.grant_type === 'refresh_token') {
    if (!request.refresh_token) throw malformed({ reason: 'grant_type refresh_token needs the field refresh_token.' });
    return refreshSession(ctx, request.refresh_token);
  }
  const credentials = basicCredentials(authorization);
  if (!credentials)
    throw unauthenticated({
      reason: 'Send Authorization: Basic with name and password, or grant_type=refresh_token with a refresh_token.',
    });
  return signIn(ctx, credentials);
}

/** Name and password of a Basic header (RFC 7617, UTF-8); undefined when there is none that can be read. */
function basicCredentials(authorization: string | undefined): { username: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/=_-]{1,4000})$/i.exec(authorization?.trim() ?? '')?.[1];
  const bytes = Buffer.from(encoded ?? '', 'base64');
  const text = isUtf8(bytes) ? bytes.toString() : ''; // else two passwords would become one
  const colon = text.indexOf(':');
  if (colon < 1 || text.includes('\u0000')) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

const inBothWords = (tokens: Tokens): OAuthTokens => ({
  ...tokens,
  access_token: tokens.accessToken,
  id_token: tokens.idToken,
  refresh_token: tokens.refreshToken,
  expires_in: tokens.expiresIn,
  token_type: tokens.tokenType,
});
