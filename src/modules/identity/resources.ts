import type { Resource } from '#kernel/resources.ts';

export const resources: readonly Resource[] = [
  {
    name: 'Sign-up and sign-in',
    paths: ['/auth'],
    about: `Opening an account and getting tokens for it.

1. \`POST /v1/auth/sign-up\` opens an account that waits. A code of six digits is mailed.
2. \`POST /v1/auth/confirm-sign-up\` proves the email with that code. It is valid for 15 minutes.
3. \`POST /v1/auth/sign-in\` returns an access token (10 minutes) and a refresh token.
4. \`POST /v1/auth/token\` with \`grant_type=refresh_token\` exchanges the refresh token for new ones. Each refresh token is valid once.

Send the access token as \`Authorization: Bearer <token>\`.`,
  },
  {
    name: 'Passwords and sessions',
    paths: ['/auth/sessions', '/auth/sign-out', '/auth/change-password', '/auth/forgot-password', '/auth/reset-password'],
    about:
      'Changing or resetting a password, and ending sessions. Sign-out works at once in every process: the access tokens of the session are refused from then on.',
  },
  {
    name: 'Second factor',
    paths: ['/auth/mfa', '/auth/step-up'],
    about: `An authenticator app (TOTP, RFC 6238) as a second proof, with ten recovery codes.

Calls marked (MFA) ask an account with a second factor for a proof within the last 10 minutes. \`POST /v1/auth/step-up\` with a code returns an
access token that carries the proof. Accounts without a second factor are not asked, unless the operator demands one for their role.`,
  },
  {
    name: 'Accounts for staff',
    paths: ['/users'],
    about: 'Roles and suspension. Both work at once: access tokens that were issued before are refused.',
  },
  {
    name: 'Token verification',
    paths: ['/.well-known'],
    about: 'Public keys and addresses with which other services verify access tokens (OpenID Connect Discovery).',
  },
];
