import { SignJWT } from 'jose';
import { z } from 'zod';
import { newId } from '#kernel/ids.ts';
import { emailOf, type LivingAccount } from './account.ts';
import type { Identity } from './context.ts';
import { unsealDetails } from './personal-details.ts';
import type { RefreshToken } from './session.ts';
import { currentSigner, SIGNING_ALGORITHM } from './signing-key.ts';

export const ACCESS_TOKEN_SECONDS = 600;

/** Access tokens say that they are (RFC 9068), so that no id token passes for one. */
export const ACCESS_TOKEN_TYPE = 'at+jwt';
export const AUDIENCE = 'souk';

/**
 * What an access token says. `rev` is the account's latest revocation as it was issued: later ones void it. `mfa` says that
 * the account has a second factor, `mfa_at` when (in seconds) the bearer proved it.
 */
export const AccessClaims = z.object({
  sub: z.uuid(),
  username: z.string(),
  roles: z.array(z.string()),
  sid: z.uuid(),
  rev: z.int(),
  mfa: z.boolean().default(false),
  mfa_at: z.int().optional(),
  exp: z.int(),
});
export type AccessClaims = z.infer<typeof AccessClaims>;

export const Tokens = z
  .object({
    accessToken: z.string().meta({ description: 'JWT, ES256: send it as Authorization: Bearer' }),
    idToken: z.string().meta({ description: 'JWT of OpenID Connect: who signed in' }),
    refreshToken: z.string().meta({ description: 'Good once, at POST /v1/auth/token, for 30 days' }),
    expiresIn: z.int().meta({ description: 'Seconds that the access token lives', example: ACCESS_TOKEN_SECONDS }),
    tokenType: z.literal('Bearer'),
  })
  .meta({ id: 'Tokens' });
export type Tokens = z.infer<typeof Tokens>;

/** The tokens of a session that has just been begun or continued. */
export async function issueTokens(ctx: Identity, account: LivingAccount, refresh: RefreshToken): Promise<Tokens> {
  const { kid, key } = await currentSigner(ctx);
  const issuedAt = Math.floor(ctx.clock.now().getTime() / 1000);
  const common = {
    iss: ctx.settings.publicUrl,
    aud: AUDIENCE,
    sub: account.id,
    sid: refresh.sessionId,
    iat: issuedAt,
    exp: issuedAt + ACCESS_TOKEN_SECONDS,
  };
  const sign = (claims: Record<string, unknown>, typ: string) =>
    new SignJWT({ ...common, ...claims }).setProtectedHeader({ alg: SIGNING_ALGORITHM, kid, typ }).sign(key);
  const [accessToken, idToken] = await Promise.all([
    sign({ username: account.username, roles: account.roles, rev: account.rev, jti: newId() }, ACCESS_TOKEN_TYPE),
    sign(personalClaims(ctx, account), 'JWT'),
  ]);
  return { accessToken, idToken, refreshToken: refresh.text, expiresIn: ACCESS_TOKEN_SECONDS, tokenType: 'Bearer' };
}

/** An email that is not confirmed counts for nothing, so the token does not name it. */
function personalClaims(ctx: Identity, account: LivingAccount) {
  const name = account.details_sealed ? unsealDetails(ctx.secrets, account.id, account.details_sealed).fullName : undefined;
  const email = account.email_confirmed_at ? emailOf(ctx.secrets, account) : null;
  return { preferred_username: account.username, name, ...(email ? { email, email_verified: true } : {}) };
}
