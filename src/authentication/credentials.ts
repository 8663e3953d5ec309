import { z } from 'zod';
import { problem } from '#kernel/problems.ts';
import { Id, withoutSpaces } from '#kernel/shapes.ts';

/** What people prove themselves with, and what they get for it. */

/** Ten letters and digits of the alphabet of RFC 4648 (no 0, 1, 8 or 9, which look like letters), with a dash or gap between. */
export const RECOVERY_CODE = '[A-Za-z2-7]{5}-?[A-Za-z2-7]{5}';

/** What proves a second factor: the six digits that an authenticator app shows, or a recovery code; written with or without a gap. */
export const MfaCode = withoutSpaces().regex(new RegExp(`^(\\d{6}|${RECOVERY_CODE})$`), 'has six digits, or is a recovery code');

/** A password that is tried. Accounts that Souk itself made may have passwords of other lengths. */
export const TriedPassword = z.string().min(1).max(1024).meta({ example: 'correct horse battery' });

/** Length is what counts (NIST SP 800-63B); no rule about kinds of characters. */
export const NewPassword = z
  .string()
  .min(8, 'must have at least 8 characters')
  .max(200)
  .meta({ description: '8 to 200 characters', example: 'correct horse battery' });

export const ACCESS_TOKEN_SECONDS = 600;
/** The longest that any token lives without being refreshed. */
export const LONGEST_TOKEN_SECONDS = 3600;

export const AccessToken = z
  .object({
    accessToken: z.string().meta({ description: 'JWT, ES256: send it as Authorization: Bearer' }),
    expiresIn: z.int().meta({ description: 'Seconds until the access token expires', example: ACCESS_TOKEN_SECONDS }),
    tokenType: z.literal('Bearer'),
  })
  .meta({ id: 'AccessToken' });
export type AccessToken = z.infer<typeof AccessToken>;

export const Tokens = AccessToken.extend({
  idToken: z.string().meta({ description: 'JWT of OpenID Connect: who signed in' }),
  refreshToken: z.string().meta({ description: 'Valid once, at POST /v1/auth/token, for 30 days' }),
}).meta({ id: 'Tokens' });
export type Tokens = z.infer<typeof Tokens>;

/** A public key of the signer, as RFC 7517 writes it. */
export const PublicKey = z.object({
  kid: z.string(),
  kty: z.string(),
  crv: z.string(),
  x: z.string(),
  y: z.string(),
  alg: z.string(),
  use: z.string(),
});

/**
 * An access token dies early when its session ends, or when its account is suspended or gets other roles:
 * tokens of that account that carry a `rev` below `seq` are void.
 */
export const Revocation = z.object({ seq: z.int(), kind: z.enum(['session', 'account']), id: Id });
export type Revocation = z.infer<typeof Revocation>;

/** The same words for an account that is not there and for a password that is not right. */
export const wrongCredentials = problem({
  code: 'identity/wrong-credentials',
  status: 401,
  title: 'Wrong name or password',
  detail: 'There is no account with this name and password.',
});

export const notConfirmed = problem({
  code: 'identity/not-confirmed',
  status: 403,
  title: 'The email is not confirmed yet',
  detail: 'Confirm the email with the code that was sent to it (POST /v1/auth/confirm-sign-up), then sign in.',
});

/** One answer for a code that is wrong, used up, too old, or of an account that is not there. */
export const wrongCode = problem({
  code: 'identity/wrong-code',
  status: 403,
  title: 'The code is wrong',
  detail:
    'The code is wrong, was tried too often, or has expired. Enter the long code of the same email, or ask for a new email ' +
    '(POST /v1/auth/resend-code, or /v1/auth/forgot-password).',
});

/** One answer for a code that is wrong, too old, or used before. */
export const wrongMfaCode = problem({
  code: 'identity/wrong-mfa-code',
  status: 401,
  title: 'The one-time code is wrong',
  detail: 'The code is wrong, too old, or was used before. Wait for the next one, or use a recovery code.',
});

/** Channel on which every process hears that there are new revocations. */
export const REVOCATIONS_CHANNEL = 'souk_revocations';
