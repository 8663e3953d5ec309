import { createHmac } from 'node:crypto';
import * as oauth from 'openid-client';
import { z } from 'zod';
import { isNotProven, isPlain } from './answers.ts';
import { type IdentityProvider, PROVIDER_TIMEOUT_SECONDS, type Recognised } from './port.ts';

interface FacebookSettings {
  dialogUrl: string;
  graphUrl: string;
  clientId: string;
  clientSecret: string;
  /** Whether an email from Facebook counts as verified; docs/running.md says why it may. */
  emailVerified: boolean;
}

/** An id is one app's name for a person. An email is left out where Facebook has no valid one, or the person keeps it back. */
const Me = z.object({ id: z.string().min(1), name: z.string().optional(), email: z.string().optional() });

/**
 * Facebook, by the login flow that one builds by hand: dialog, code for token with PKCE, and the Graph API about `me`, whose
 * calls prove with `appsecret_proof` that the token is used by who got it.
 * https://developers.facebook.com/documentation/facebook-login/guides/advanced/manual-flow
 */
export function facebook({ dialogUrl, graphUrl, clientId, clientSecret, emailVerified }: FacebookSettings): IdentityProvider {
  const server = { issuer: new URL(dialogUrl).origin, authorization_endpoint: dialogUrl, token_endpoint: `${graphUrl}/oauth/access_token` };
  const configuration = new oauth.Configuration(server, clientId, undefined, oauth.ClientSecretPost(clientSecret));
  configuration.timeout = PROVIDER_TIMEOUT_SECONDS;
  if (isPlain(graphUrl)) oauth.allowInsecureRequests(configuration);

  /** @throws Error also when the token is refused: it was given out a moment ago, so that is no fault of the person's. */
  async function whoHas(accessToken: string): Promise<Recognised> {
    const proof = createHmac('sha256', clientSecret).update(accessToken).digest('hex');
    const url = `${graphUrl}/me?${new URLSearchParams({ fields: 'id,name,email', appsecret_proof: proof })}`;
    const reply = await fetch(url, {
      headers: { authorization: `Bearer ${accessToken}` },
      redirect: 'error',
      signal: AbortSignal.timeout(PROVIDER_TIMEOUT_SECONDS * 1000),
    });
    if (!reply.ok) throw Object.assign(new Error('Graph refused'), { code: `GRAPH_${reply.status}` });
    const { id, name, email } = Me.parse(await reply.json());
    return { subject: id, email: email ?? null, emailVerified: email !== undefined && emailVerified, fullName: name ?? null };
  }

  return {
    async invite({ state, verifier, redirectUri }) {
      const parameters = {
        redirect_uri: redirectUri,
        scope: 'public_profile,email',
        state,
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      };
      return oauth.buildAuthorizationUrl(configuration, parameters).href;
    },

    async recognise({ state, verifier, redirectUri }, { code, error }) {
      if (error !== undefined) return { outcome: 'declined' };
      const back = new URL(redirectUri);
      back.searchParams.set('state', state);
      if (code !== undefined) back.searchParams.set('code', code);
      try {
        const checks = { expectedState: state, pkceCodeVerifier: verifier };
        const { access_token: accessToken } = await oauth.authorizationCodeGrant(configuration, back, checks);
        return { outcome: 'recognised', person: await whoHas(accessToken) };
      } catch (error) {
        if (isNotProven(error) || isRefusedCode(error)) return { outcome: 'not-proven' };
        throw error;
      }
    },
  };
}

/** Facebook refuses a code with 400 and words of its own, not those of RFC 6749. */
const isRefusedCode = (error: unknown): boolean => {
  const { response, cause } = error as { response?: unknown; cause?: unknown };
  return [response, cause].some((reply) => reply instanceof Response && reply.status === 400);
};
