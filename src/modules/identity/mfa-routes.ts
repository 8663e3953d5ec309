import { del, post, signedIn } from '#kernel/routes.ts';
import { ConfirmTotp, confirmTotp, EnrolledTotp } from './confirm-totp.ts';
import type { Identity } from './context.ts';
import { EnrolTotp, enrolTotp, TotpSecret } from './enrol-totp.ts';
import { mfaEnrolled, noSecondFactor, noSession, passwordRequired, wrongMfaCode, wrongPassword } from './problems.ts';
import { RecoveryCodes } from './recovery-codes.ts';
import { removeTotp } from './remove-totp.ts';
import { renewRecoveryCodes } from './renew-recovery-codes.ts';
import { StepUp, stepUp } from './step-up.ts';
import { AccessToken } from './tokens.ts';

/** The calls of the second factor, among the others of `routes.ts`. */
export const mfaRoutes = [
  post('/auth/mfa/totp', {
    summary: 'Begin to enrol an authenticator app',
    description:
      'Returns a secret, once. Nothing changes until it is confirmed with a first code, within an hour. Send the current password; an account ' +
      'without one needs a session that was opened in the last 10 minutes.',
    access: signedIn,
    body: EnrolTotp,
    returns: TotpSecret,
    status: 201,
    location: () => '/auth/me',
    problems: [mfaEnrolled, noSession, passwordRequired, wrongPassword],
    handle: (ctx: Identity, { body }) => enrolTotp(ctx, body),
    actsAgain: 'A repeated call makes another secret, which takes the place of the one that nobody has confirmed.',
  }),
  post('/auth/mfa/totp/confirm', {
    summary: 'Enrol the authenticator app with its first code',
    description:
      'Returns ten recovery codes, once, and a stepped-up access token. All other access tokens of the account become invalid; clients refresh them.',
    access: signedIn,
    limit: 'codes',
    body: ConfirmTotp,
    returns: EnrolledTotp,
    audits: 'refusals',
    problems: [noSecondFactor, mfaEnrolled, noSession, wrongMfaCode],
    handle: (ctx: Identity, { body }) => confirmTotp(ctx, body),
    actsAgain:
      'Recovery codes are stored as hashes, so they cannot be shown again, and a code is valid once. If the reply is lost, refresh the session, step up, and make new recovery codes.',
  }),
  del('/auth/mfa/totp', {
    summary: 'Remove the second factor and its recovery codes',
    description: 'All access tokens of the account become invalid, this one too. Clients refresh them.',
    access: signedIn,
    mfa: true,
    returns: null,
    problems: [noSecondFactor],
    handle: (ctx: Identity) => removeTotp(ctx),
  }),
  post('/auth/mfa/totp/recovery-codes', {
    summary: 'Ten new recovery codes',
    description: 'They are shown once. All earlier codes become invalid. The authenticator app does not change.',
    access: signedIn,
    mfa: true,
    returns: RecoveryCodes,
    status: 201,
    location: () => '/auth/me',
    problems: [noSecondFactor],
    handle: (ctx: Identity) => renewRecoveryCodes(ctx),
    actsAgain: 'Recovery codes are stored as hashes, so they cannot be shown again: a repeated call makes ten others.',
  }),
  post('/auth/step-up', {
    summary: 'Prove the second factor with a one-time or recovery code',
    description:
      'Returns an access token of the same session that may make calls marked (MFA) for 10 minutes. A code is valid once. After five failures this call is refused for 15 minutes. A refreshed token does not carry the proof.',
    access: signedIn,
    limit: 'codes',
    body: StepUp,
    returns: AccessToken,
    audits: 'refusals',
    problems: [noSecondFactor, noSession, wrongMfaCode],
    handle: (ctx: Identity, { body }) => stepUp(ctx, body),
    actsAgain: 'A code is valid once, and tokens are not stored: repeat with the next code.',
  }),
];
