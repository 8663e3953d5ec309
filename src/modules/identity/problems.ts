import { z } from 'zod';
import { problem } from '#kernel/problems.ts';

export {
  accountClosing,
  accountSuspended,
  emailNotVerified,
  lastAdmin,
  mfaCodeRequired,
  noSecondFactor,
  passwordRequired,
  usernameTaken,
  wrongMfaCode,
  wrongPassword,
} from './contract.ts';

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
