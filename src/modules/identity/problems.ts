import { z } from 'zod';
import { problem } from '#kernel/problems.ts';

export {
  accountClosing,
  accountSuspended,
  emailNotVerified,
  lastAdmin,
  mfaCodeRequired,
  noSecondFactor,
  notConfirmed,
  passwordRequired,
  usernameTaken,
  wrongCode,
  wrongCredentials,
  wrongMfaCode,
  wrongPassword,
} from './contract.ts';

export const mfaEnrolled = problem({
  code: 'identity/mfa-enrolled',
  status: 409,
  title: 'A second factor is enrolled already',
  detail: 'Remove it (DELETE /v1/auth/mfa/totp) before you enrol another.',
});

export const ownSuspension = problem({
  code: 'identity/own-suspension',
  status: 409,
  title: 'This is your own account',
  detail: 'You cannot suspend or reinstate your own account. To leave, delete it: DELETE /v1/customers/{username}.',
});

/** What an outside issuer has signed is a sign-in there, not here. */
export const noSession = problem({
  code: 'identity/no-session',
  status: 409,
  title: 'This token has no session here',
  detail:
    'The token comes from an outside issuer: end it there. To prove or enrol a second factor, sign in to Souk itself (POST /v1/auth/sign-in). ' +
    'An account without a password sets one with POST /v1/auth/forgot-password.',
});

/** RFC 6749 names it invalid_grant; the field `error` says so beside our own code. */
export const invalidRefreshToken = problem({
  code: 'identity/invalid-refresh-token',
  status: 401,
  title: 'The refresh token is not valid',
  members: { error: z.literal('invalid_grant') },
  detail: 'It was used before, has expired, or its session has ended. Sign in again.',
});
