import { createRemoteJWKSet, customFetch, decodeJwt, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import type { Clock } from '#kernel/clock.ts';
import { unauthenticated, unavailable } from '#kernel/problems.ts';

/** Somebody else who says who people are, by tokens that their keys have signed. */
export interface OutsideIssuerSettings {
  /** As its tokens name it (`iss`), character by character. */
  issuer: string;
  /** A token must be for one of these. */
  audiences: string[];
  /** Where its keys are; undefined where its discovery document says it. */
  jwksUrl: string | undefined;
}

/** A person as a token of the issuer describes them, without roles and groups: Souk grants those itself. */
export interface Recognised {
  subject: string;
  email: string | null;
  emailVerified: boolean;
  fullName: string | null;
  /** When they were let in, or else when the token was made, in seconds since 1970. */
  signedInAt: number | null;
  expiresAtMs: number;
}

/** An issuer of tokens beside ourselves, whom the operator trusts to say who somebody is. */
export interface OutsideIssuer {
  readonly issuer: string;
  /** Whether a token claims to be the issuer's. Nothing of it is checked yet. */
  claims(token: string): boolean;
  /** @throws unauthenticated for a token that is not valid, or not for us. @throws unavailable when the issuer's keys cannot be fetched. */
  recognise(token: string): Promise<Recognised>;
}

/** None with a shared secret: somebody who knows a public key must not be able to sign with it. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** An issuer signs other things too, sign-outs for one (OpenID Connect Back-Channel Logout), and those let nobody in. */
const TYPES = ['jwt', 'at+jwt'];

const TIMEOUT_MS = 3000;
const RETRY_MS = 1000;
const TOLERANCE_SECONDS = 5;

const Claims = z.object({
  sub: z.string().min(1).max(500),
  exp: z.number(),
  iat: z.number().optional(),
  auth_time: z.number().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  /** What a token of Amazon Cognito is for; its access tokens name the client here and have no audience. */
  token_use: z.enum(['id', 'access']).optional(),
  client_id: z.string().optional(),
  email: z.string().nullable().catch(null).default(null),
  email_verified: z.unknown().optional(),
  name: z.string().nullable().catch(null).default(null),
  events: z.undefined().optional(),
});

/** Tokens of an OpenID Connect provider, by its published keys. They are fetched once, remembered for ten minutes, and fetched again for an unknown key id, at most twice a minute. */
export function openOutsideIssuer({ issuer, audiences, jwksUrl }: OutsideIssuerSettings, clock: Clock): OutsideIssuer {
  const keyOf = keysOf({ issuer, jwksUrl, clock });
  return {
    issuer,
    claims(token) {
      try {
        return decodeJwt(token).iss === issuer;
      } catch {
        return false;
      }
    },
    async recognise(token) {
      const options = { algorithms: ALGORITHMS, issuer, requiredClaims: ['exp', 'sub'], clockTolerance: TOLERANCE_SECONDS };
      const verified = await jwtVerify(token, keyOf, { ...options, currentDate: clock.now() }).catch((error) => {
        throw unavailable.is(error) ? error : notValid();
      });
      const type = verified.protectedHeader.typ?.toLowerCase().replace(/^application\//, '') ?? 'jwt';
      const { data: claims } = Claims.safeParse(verified.payload);
      if (!claims || !TYPES.includes(type) || !isForUs(claims, audiences)) throw notValid();
      return {
        subject: claims.sub,
        email: claims.email,
        emailVerified: claims.email_verified === true || claims.email_verified === 'true', // Cognito writes either
        fullName: claims.name,
        signedInAt: claims.auth_time ?? claims.iat ?? null,
        expiresAtMs: claims.exp * 1000,
      };
    },
  };
}

const notValid = () =>
  unauthenticated({
    reason: 'The token of the outside issuer is not valid: it has expired, is not for Souk, or was not signed by that issuer.',
  });

function isForUs({ aud, token_use, client_id }: z.infer<typeof Claims>, audiences: readonly string[]): boolean {
  const named = aud === undefined && token_use === 'access' ? [client_id] : [aud ?? []].flat();
  return named.some((name) => name !== undefined && audiences.includes(name));
}

/** The issuer's keys. What is wrong with them is no fault of the token: @throws unavailable. */
function keysOf({ issuer, jwksUrl, clock }: { issuer: string; jwksUrl: string | undefined; clock: Clock }): JWTVerifyGetKey {
  const ask = patientFetch(clock);
  let keys: JWTVerifyGetKey | undefined;
  let finding: Promise<JWTVerifyGetKey> | undefined;
  const find = async (): Promise<JWTVerifyGetKey> => {
    const url = jwksUrl ?? (await discover(issuer, ask));
    return createRemoteJWKSet(new URL(url), { timeoutDuration: TIMEOUT_MS, [customFetch]: ask });
  };
  return async (header, token) => {
    try {
      if (!keys) {
        finding ??= find().finally(() => {
          finding = undefined;
        });
        keys = await finding;
      }
      return await keys(header, token);
    } catch (error) {
      const isOfToken = [errors.JWKSNoMatchingKey, errors.JWKSMultipleMatchingKeys, errors.JOSENotSupported].some(
        (kind) => error instanceof kind,
      );
      if (isOfToken) throw error;
      throw Object.assign(unavailable({ retryAfterSeconds: 2, reason: UNREACHABLE }), { cause: error });
    }
  };
}

const UNREACHABLE = 'The issuer of this token cannot be asked for its keys at the moment. Ask again, or sign in to Souk itself.';

const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

/** OpenID Connect Discovery 1.0, 4: the document must name the very issuer that it was asked of. */
async function discover(issuer: string, ask: typeof fetch): Promise<string> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const reply = await ask(url, { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const found = Discovery.parse(await reply.json());
  if (found.issuer !== issuer) throw new Error(`${url} speaks for another issuer: ${found.issuer}`);
  if (issuer.startsWith('https:') && !found.jwks_uri.startsWith('https:')) throw new Error(`${url} names keys that do not come by TLS`);
  return found.jwks_uri;
}

/** An issuer that does not answer is asked again after a second, not for every token that comes. */
function patientFetch(clock: Clock): typeof fetch {
  let failedAtMs = Number.NEGATIVE_INFINITY;
  return async (url, init) => {
    if (clock.now().getTime() - failedAtMs < RETRY_MS) throw new Error('The issuer did not answer a moment ago.');
    try {
      const reply = await fetch(url, init);
      if (reply.status !== 200) throw new Error(`The issuer answered ${reply.status} for ${url}`);
      return reply;
    } catch (error) {
      failedAtMs = clock.now().getTime();
      throw error;
    }
  };
}
