import { afterAll } from 'vitest';
import { type FacebookStandIn, openFacebookStandIn } from './facebook-stand-in.ts';
import { CLIENT, type OpenIdProvider, openOpenIdProvider } from './openid-provider.ts';

export const PUBLIC_URL = 'http://localhost:3000';
export const callbackOf = (provider: string): string => `${PUBLIC_URL}/v1/auth/social/${provider}/callback`;

export interface ProviderStandIns {
  google: OpenIdProvider;
  facebook: FacebookStandIn;
  /** Settings of a Souk that signs in with both. */
  env: Record<string, string>;
}

/** Opens both providers on this machine, until the test file ends. */
export async function openProviderStandIns(): Promise<ProviderStandIns> {
  const google = await openOpenIdProvider(callbackOf('google'));
  const facebook = await openFacebookStandIn(callbackOf('facebook'));
  afterAll(() => Promise.all([google.close(), facebook.close()]));
  const env = {
    GOOGLE_CLIENT_ID: CLIENT.clientId,
    GOOGLE_CLIENT_SECRET: CLIENT.clientSecret,
    GOOGLE_ISSUER_URL: google.url,
    FACEBOOK_CLIENT_ID: CLIENT.clientId,
    FACEBOOK_CLIENT_SECRET: CLIENT.clientSecret,
    FACEBOOK_DIALOG_URL: facebook.dialogUrl,
    FACEBOOK_GRAPH_URL: facebook.graphUrl,
    SOCIAL_RETURN_ORIGINS: 'https://shop.example.com',
  };
  return { google, facebook, env };
}
