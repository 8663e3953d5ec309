import * as oauth from 'openid-client';
import { isNotProven, isPlain } from './answers.ts';
import { type IdentityProvider, PROVIDER_TIMEOUT_SECONDS } from './port.ts';

interface GoogleSettings {
  issuerUrl: string;
  clientId: string;
  clientSecret: string;
}

/**
 * Google, or any other provider of OpenID Connect that says `email_verified` in its id token. Where things are is discovered at
 * first use; the id token is taken only with its signature, issuer, audience, time and nonce right.
 * https://developers.google.com/identity/openid-connect/openid-connect
 */
export function google({ issuerUrl, clientId, clientSecret }: GoogleSettings): IdentityProvider {
  let discovered: Promise<oauth.Configuration> | undefined;
  const configuration = (): Promise<oauth.Configuration> => {
    discovered ??= discover().catch((error) => {
      discovered = undefined; // the next caller asks again
      throw error;
    });
    return discovered;
  };

  const discover = () =>
    oauth.discovery(new URL(issuerUrl), clientId, undefined, oauth.ClientSecretPost(clientSecret), {
      timeout: PROVIDER_TIMEOUT_SECONDS,
      execute: [oauth.enableNonRepudiationChecks, ...(isPlain(issuerUrl) ? [oauth.allowInsecureRequests] : [])],
    });

  return {
    async invite({ state, nonce, verifier, redirectUri }) {
      const parameters = {
        redirect_uri: redirectUri,
        scope: 'openid email profile',
        state,
        nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      };
      return oauth.buildAuthorizationUrl(await configuration(), parameters).href;
    },

    async recognise({ state, nonce, verifier, redirectUri }, { code, error, iss }) {
      if (error !== undefined) return { outcome: 'declined' };
      const back = new URL(redirectUri);
      for (const [name, value] of Object.entries({ state, code, iss })) if (value !== undefined) back.searchParams.set(name, value);
      try {
        const tokens = await oauth.authorizationCodeGrant(await configuration(), back, {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        });
        const { sub, email, email_verified: emailVerified, name } = tokens.claims()!;
        return {
          outcome: 'recognised',
          person: {
            subject: sub,
            email: typeof email === 'string' ? email : null,
            emailVerified: emailVerified === true,
            fullName: typeof name === 'string' ? name : null,
          },
        };
      } catch (error) {
        if (isNotProven(error)) return { outcome: 'not-proven' };
        throw error;
      }
    },
  };
}
