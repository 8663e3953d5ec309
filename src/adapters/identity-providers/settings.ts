import { z } from 'zod';
import { BadSettings, type CommonSettings, onOff, settings } from '#kernel/settings-part.ts';

/** What a provider knows Souk by. */
export interface ClientSettings {
  clientId: string;
  clientSecret: string;
}

const providerUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' });

/** Google and Facebook, or stand-ins for them; undefined if sign-in with it is not set up. */
export const identityProviderSettings = settings(
  {
    GOOGLE_CLIENT_ID: z.string().min(1).optional().describe('lets people sign in with Google, together with `GOOGLE_CLIENT_SECRET`'),
    GOOGLE_CLIENT_SECRET: z.string().min(1).optional().describe('the secret of that client'),
    GOOGLE_ISSUER_URL: providerUrl
      .default('https://accounts.google.com')
      .describe(
        'another OpenID Connect provider that says `email_verified` in its id token; in production https. Do not change it once people have signed in with it: its ids of them are stored as those of Google',
      ),
    FACEBOOK_CLIENT_ID: z
      .string()
      .min(1)
      .optional()
      .describe('app id; lets people sign in with Facebook, together with `FACEBOOK_CLIENT_SECRET`'),
    FACEBOOK_CLIENT_SECRET: z.string().min(1).optional().describe('app secret'),
    FACEBOOK_DIALOG_URL: providerUrl
      .default('https://www.facebook.com/v25.0/dialog/oauth')
      .describe('where the browser is sent; it names the version of the Graph API'),
    FACEBOOK_GRAPH_URL: providerUrl
      .default('https://graph.facebook.com/v25.0')
      .describe('where codes are exchanged and people are looked up'),
    FACEBOOK_EMAIL_VERIFIED: onOff('on').describe('`off`: an email that Facebook tells counts for nothing'),
  },
  (given, common) => {
    for (const name of ['GOOGLE_ISSUER_URL', 'FACEBOOK_DIALOG_URL', 'FACEBOOK_GRAPH_URL'] as const) demandHttps(name, given[name], common);
    const google = clientOf('GOOGLE', given.GOOGLE_CLIENT_ID, given.GOOGLE_CLIENT_SECRET);
    const facebook = clientOf('FACEBOOK', given.FACEBOOK_CLIENT_ID, given.FACEBOOK_CLIENT_SECRET);
    return {
      google: google && { ...google, issuerUrl: given.GOOGLE_ISSUER_URL },
      facebook: facebook && {
        ...facebook,
        dialogUrl: given.FACEBOOK_DIALOG_URL,
        graphUrl: given.FACEBOOK_GRAPH_URL.replace(/\/+$/, ''),
        emailVerified: given.FACEBOOK_EMAIL_VERIFIED,
      },
    };
  },
);

function demandHttps(name: string, url: string, { mode }: CommonSettings): void {
  if (mode === 'production' && !url.startsWith('https:')) throw new BadSettings(`${name}: production asks providers over https only`);
}

/** Both, or undefined for none. Half of it is a mistake. */
function clientOf(name: string, clientId: string | undefined, clientSecret: string | undefined): ClientSettings | undefined {
  if (!clientId && !clientSecret) return undefined;
  if (!clientId) throw new BadSettings(`${name}_CLIENT_ID: is missing beside ${name}_CLIENT_SECRET; set both or none`);
  if (!clientSecret) throw new BadSettings(`${name}_CLIENT_SECRET: is missing beside ${name}_CLIENT_ID; set both or none`);
  return { clientId, clientSecret };
}
