import { type CryptoKey, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { LRUCache } from 'lru-cache';
import type { z } from 'zod';
import type { identity } from '#identity';
import type { Clock } from '#kernel/clock.ts';
import { type Actor, anonymous } from '#kernel/context.ts';
import type { Client } from '#kernel/contracts.ts';
import type { Metrics } from '#kernel/metrics.ts';
import type { Permissions } from '#kernel/permissions.ts';
import { Problem, unauthenticated } from '#kernel/problems.ts';
import { ACCESS_TOKEN_TYPE, AccessClaims, AUDIENCE, ID_TOKEN_TYPE, IdClaims, SIGNING_ALGORITHM } from './access-claims.ts';
import type { OutsideIssuer } from './outside-issuer.ts';
import { verifyOutside } from './outside-token.ts';
import { revokedOf } from './revoked.ts';

export interface AuthenticatorParts {
  identity: Pick<Client<typeof identity>, 'signingKeys' | 'revocations' | 'accountOfLink'>;
  clock: Clock;
  issuer: string;
  permissions: Permissions;
  /** Whose tokens are taken beside our own. */
  outside?: OutsideIssuer | undefined;
  signals: { hearing(): boolean; on(channel: string, heard: () => void): void };
  metrics: Pick<Metrics, 'cached'>;
}

/** A token that was found valid, and what would void it. */
export interface Verified {
  actor: Actor;
  sessionId: string | null;
  accountId: string;
  rev: number;
  expiresAtMs: number;
  /** Of an id token, the name of those whose routes take it; access tokens open all. */
  opens?: string;
  /** Of an outside issuer's token, which we cannot void: how its account is looked at again, and when it must be at the latest. */
  outside?: { lookAgain(): Promise<Verified>; byMs: number };
}

const REMEMBERED = 20_000;

export interface Authenticator {
  /** @param idTokensFor takes id tokens too that were issued for this name. */
  authenticate(authorization: string | undefined, idTokensFor?: string): Promise<Actor>;
}

/**
 * The judge of access tokens. A token's signature is checked once; then it is remembered until it expires, and a call
 * costs two look-ups in memory. Revocations are in memory too. They are read again after a signal that there are more,
 * before the next answer, and before every answer while no signals arrive.
 */
export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const verified = new LRUCache<string, Verified>({ max: REMEMBERED });
  const keys = keysOf(parts);
  const revoked = revokedOf(parts);

  return {
    async authenticate(authorization, idTokensFor) {
      const token = bearerOf(authorization);
      if (token === undefined) return anonymous;
      if (!revoked.isFresh()) await revoked.refresh();
      let known = verified.get(token);
      parts.metrics.cached('tokens', known !== undefined);
      if (!known) {
        known = await (parts.outside?.claims(token) ? verifyOutside(token, parts, parts.outside) : verify(token, parts, keys));
        verified.set(token, known);
      }
      if (known.opens !== undefined && known.opens !== idTokensFor)
        throw unauthenticated({ reason: 'This is an id token: send the access token.' });
      if (known.expiresAtMs <= parts.clock.now().getTime()) {
        verified.delete(token);
        throw unauthenticated({ reason: 'The access token has expired: refresh it.' });
      }
      const isVoid = revoked.voids(known);
      if (known.outside && (isVoid || known.outside.byMs <= parts.clock.now().getTime())) {
        known = await known.outside.lookAgain(); // its earlier answer stays meanwhile, so that a refused one opens no new account
        verified.set(token, known);
      } else if (isVoid) throw unauthenticated({ reason: 'The access token was revoked: refresh it, or sign in again.' });
      return known.actor;
    },
  };
}

/** Other schemes are no access tokens: for those routes the caller is anonymous. */
function bearerOf(authorization: string | undefined): string | undefined {
  const scheme = authorization?.slice(0, 7).toLowerCase();
  return scheme === 'bearer ' ? authorization?.slice(7).trim() : undefined;
}

async function verify(token: string, { clock, issuer, permissions }: AuthenticatorParts, keys: Keys): Promise<Verified> {
  try {
    const { kid, typ } = decodeProtectedHeader(token);
    const key = kid && (await keys.find(kid));
    if (!key) throw unauthenticated();
    const { payload } = await jwtVerify(token, key, {
      algorithms: [SIGNING_ALGORITHM],
      typ: typ === ID_TOKEN_TYPE ? ID_TOKEN_TYPE : ACCESS_TOKEN_TYPE,
      issuer,
      audience: AUDIENCE,
      requiredClaims: ['exp'],
      currentDate: clock.now(),
    });
    if (typ === ID_TOKEN_TYPE) return ofIdToken(IdClaims.parse(payload), permissions);
    const claims = AccessClaims.parse(payload);
    return {
      actor: actorOf(claims, permissions),
      sessionId: claims.sid,
      accountId: claims.sub,
      rev: claims.rev,
      expiresAtMs: claims.exp * 1000,
    };
  } catch (error) {
    if (error instanceof Problem) throw error; // keys that could not be read are no fault of the token
    throw unauthenticated();
  }
}

function ofIdToken({ sub, preferred_username, sid, rev, token_for, exp }: z.infer<typeof IdClaims>, permissions: Permissions): Verified {
  const claims = { sub, username: preferred_username, sid, rev, exp, roles: [], mfa: false };
  return { actor: actorOf(claims, permissions), sessionId: sid, accountId: sub, rev, expiresAtMs: exp * 1000, opens: token_for };
}

const actorOf = (claims: AccessClaims, permissions: Permissions): Actor => ({
  kind: 'user',
  id: claims.sub,
  username: claims.username,
  partner: null,
  roles: claims.roles,
  permissions: permissions.ofRoles(claims.roles),
  sessionId: claims.sid,
  mfaEnrolled: claims.mfa,
  mfaAt: claims.mfa_at ?? null,
});

interface Keys {
  find(kid: string): Promise<CryptoKey | undefined>;
}

const KEYS_REREAD_MS = 1000;

/** Public keys by name. A name that is not known is asked for, but not more than once a second: names are free to invent. */
function keysOf({ identity, clock }: AuthenticatorParts): Keys {
  let known = new Map<string, CryptoKey>();
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  const read = async (): Promise<void> => {
    const { keys } = await identity.signingKeys({});
    known = new Map(await Promise.all(keys.map(async (jwk) => [jwk.kid, (await importJWK(jwk, SIGNING_ALGORITHM)) as CryptoKey] as const)));
    readAt = clock.now().getTime();
  };

  return {
    async find(kid) {
      if (!known.has(kid) && clock.now().getTime() - readAt >= KEYS_REREAD_MS) {
        reading ??= read().finally(() => {
          reading = undefined;
        });
        await reading;
      }
      return known.get(kid);
    },
  };
}
