import { SignJWT } from 'jose';
import { ACCESS_TOKEN_TYPE, AUDIENCE, ID_TOKEN_TYPE, SIGNING_ALGORITHM } from '#authentication/access-claims.ts';
import { newId } from '#kernel/ids.ts';
import { emailOf, type LivingAccount } from './account.ts';
import type { Identity } from './context.ts';
import { ACCESS_TOKEN_SECONDS, type AccessToken, type Tokens } from './contract.ts';
import { unsealDetails } from './personal-details.ts';
import type { RefreshToken } from './session.ts';
import { currentSigner } from './signing-key.ts';

export { AccessToken, Tokens } from './contract.ts';

/** How tokens differ from the usual ones. */
export interface Issuing {
  /** How long they live. */
  seconds?: number | undefined;
  /** Whose routes take the id token as Bearer. */
  idTokenFor?: string | undefined;
  /** When the second factor was proven, if just now. */
  mfaAt?: Date | undefined;
}

/** The tokens of a session that has just been begun or continued. */
export async function issueTokens(ctx: Identity, account: LivingAccount, refresh: RefreshToken, issuing: Issuing = {}): Promise<Tokens> {
  const { seconds, idTokenFor, mfaAt } = issuing;
  const bearer = idTokenFor === undefined ? {} : { token_for: idTokenFor, rev: account.rev };
  const claims = { ...personalClaims(ctx, account), ...bearer };
  const [access, idToken] = await Promise.all([
    issueAccessToken(ctx, account, refresh.sessionId, mfaAt, seconds),
    sign(ctx, { account, sessionId: refresh.sessionId, claims, typ: ID_TOKEN_TYPE, seconds }),
  ]);
  return { ...access, idToken, refreshToken: refresh.text };
}

/** One more access token of an open session. */
export async function issueAccessToken(
  ctx: Identity,
  account: LivingAccount,
  sessionId: string,
  mfaAt?: Date,
  seconds: number = ACCESS_TOKEN_SECONDS,
): Promise<AccessToken> {
  const claims = {
    username: account.username,
    roles: account.roles,
    rev: account.rev,
    mfa: account.has_second_factor,
    ...(mfaAt ? { mfa_at: Math.floor(mfaAt.getTime() / 1000) } : {}),
    jti: newId(),
  };
  const accessToken = await sign(ctx, { account, sessionId, claims, typ: ACCESS_TOKEN_TYPE, seconds });
  return { accessToken, expiresIn: seconds, tokenType: 'Bearer' };
}

interface Unsigned {
  account: LivingAccount;
  sessionId: string;
  claims: Record<string, unknown>;
  typ: string;
  seconds?: number | undefined;
}

async function sign(ctx: Identity, { account, sessionId, claims, typ, seconds = ACCESS_TOKEN_SECONDS }: Unsigned): Promise<string> {
  const { kid, key } = await currentSigner(ctx);
  const iat = Math.floor(ctx.clock.now().getTime() / 1000);
  const common = { iss: ctx.settings.publicUrl, aud: AUDIENCE, sub: account.id, sid: sessionId, iat, exp: iat + seconds };
  return new SignJWT({ ...common, ...claims }).setProtectedHeader({ alg: SIGNING_ALGORITHM, kid, typ }).sign(key);
}

/** An email that is not confirmed counts for nothing, so the token does not name it. */
function personalClaims(ctx: Identity, account: LivingAccount) {
  const name = account.details_sealed ? unsealDetails(ctx.secrets, account.id, account.details_sealed).fullName : undefined;
  const email = account.email_confirmed_at ? emailOf(ctx.secrets, account) : null;
  return { preferred_username: account.username, name, ...(email ? { email, email_verified: true } : {}) };
}
