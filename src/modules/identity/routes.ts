import { z } from 'zod';
import { forbidden, notFound, unauthenticated, versionMismatch } from '#kernel/problems.ts';
import { anyone, del, get, ownAccount, permitted, post, put, signedIn } from '#kernel/routes.ts';
import { ChangePassword, changePassword } from './change-password.ts';
import { Confirmed, ConfirmSignUp, confirmSignUp, showConfirmed } from './confirm-sign-up.ts';
import type { Identity } from './context.ts';
import { Customer, PublicKey } from './contract.ts';
import { FORGOTTEN, ForgotPassword, ForgottenPassword, forgotPassword } from './forgot-password.ts';
import { getToken, OAuthTokens, TokenRequest } from './get-token.ts';
import { AccountRoles, grantRoles, Roles } from './grant-roles.ts';
import { endOwnSession, listSessions, Sessions } from './list-sessions.ts';
import { mfaRoutes } from './mfa-routes.ts';
import { OpenIdConfiguration, openIdConfiguration } from './openid-configuration.ts';
import {
  accountClosing,
  accountSuspended,
  invalidRefreshToken,
  lastAdmin,
  mfaCodeRequired,
  noSession,
  notConfirmed,
  ownSuspension,
  usernameTaken,
  wrongCode,
  wrongCredentials,
  wrongMfaCode,
  wrongPassword,
} from './problems.ts';
import { RegisterCustomer, registerCustomer } from './register-customer.ts';
import { RESENT, ResendCode, ResentCode, resendCode } from './resend-code.ts';
import { ResetPassword, resetPassword } from './reset-password.ts';
import { showCustomer } from './show-customer.ts';
import { SignIn, signIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import { SignedUp, SignUp, signUp } from './sign-up.ts';
import { publicKeys } from './signing-key.ts';
import { SuspendedAccount, Suspension, showSuspended, suspendAccount } from './suspend-account.ts';
import { Tokens } from './tokens.ts';
import { Me, whoAmI } from './who-am-i.ts';

export const routes = [
  post('/auth/sign-up', {
    summary: 'Open an account',
    description:
      'Mails a six-digit code. The account can sign in after its email is confirmed. The reply is the same for an address that already has an account.',
    access: anyone,
    limit: 'sign-up',
    idempotent: true,
    body: SignUp,
    returns: SignedUp,
    status: 201,
    location: ({ user }) => `/customers/${encodeURIComponent(user.username)}`,
    problems: [usernameTaken],
    handle: (ctx: Identity, { body, key }) => signUp(ctx, body, key),
  }),
  post('/auth/confirm-sign-up', {
    summary: 'Confirm an email with the code that was mailed to it',
    description:
      'A code is valid for 15 minutes. Its six digits may be tried five times from one network; the long code of the same email has no such limit.',
    access: anyone,
    limit: 'codes',
    body: ConfirmSignUp,
    returns: Confirmed,
    audits: 'refusals',
    problems: [wrongCode],
    handle: (ctx: Identity, { body }) => confirmSignUp(ctx, body),
    again: (ctx: Identity, _, { subject }) => showConfirmed(ctx, subject),
  }),
  post('/auth/resend-code', {
    summary: 'Mail a new code',
    description:
      'At most five codes a day from one network. A new code replaces the last one. The reply never says whether such an account exists.',
    access: anyone,
    limit: 'codes',
    body: ResendCode,
    returns: ResentCode,
    status: 202,
    problems: [],
    handle: (ctx: Identity, { body }) => resendCode(ctx, body),
    again: async () => RESENT,
  }),
  post('/auth/sign-in', {
    summary: 'Sign in with email or username and password',
    description: 'An account with a second factor signs in with a one-time or recovery code too; its session is stepped up at once.',
    access: anyone,
    limit: 'sign-in',
    body: SignIn,
    returns: Tokens,
    audits: 'refusals',
    problems: [wrongCredentials, notConfirmed, accountSuspended, accountClosing, mfaCodeRequired, wrongMfaCode],
    handle: (ctx: Identity, { body }) => signIn(ctx, body),
    actsAgain: 'A repeated call signs in again, with a session of its own: tokens are not stored, so nobody can be given the same ones.',
  }),
  post('/auth/token', {
    summary: 'Tokens for Basic credentials or for a refresh token',
    description:
      'Either `Authorization: Basic`, or `grant_type=refresh_token` with `refresh_token`, as a form (RFC 6749) or JSON. A refresh token is valid once. If it is used again after the exchange, its session ends.',
    access: anyone,
    limit: ({ grant_type }) => (grant_type === 'refresh_token' ? 'refresh' : 'sign-in'),
    body: TokenRequest,
    form: true,
    basic: true,
    returns: OAuthTokens,
    audits: 'refusals',
    problems: [unauthenticated, wrongCredentials, notConfirmed, accountSuspended, accountClosing, mfaCodeRequired, invalidRefreshToken],
    handle: (ctx: Identity, { body, header }) => getToken(ctx, body, header('authorization')),
    actsAgain:
      'Tokens are not stored. A repeated call with Basic begins another session; one with the same refresh token gets the same next one for ten seconds, and later ends the session.',
  }),
  post('/auth/sign-out', {
    summary: 'End this session at once',
    description: 'The refresh token and the access token of this session stop working in every process.',
    access: signedIn,
    returns: null,
    status: 204,
    problems: [noSession],
    handle: (ctx: Identity) => signOut(ctx),
    actsAgain: 'The token ends with its session, so a repeated call is answered 401: then the session has ended.',
  }),
  get('/auth/sessions', {
    summary: 'The open sessions of the account',
    description: 'Each sign-in is a session. `current` marks the one that this token belongs to.',
    access: signedIn,
    returns: Sessions,
    problems: [],
    handle: (ctx: Identity) => listSessions(ctx),
  }),
  del('/auth/sessions/{id}', {
    summary: 'End a session at once',
    description: 'Ends another sign-in of the account: its refresh token and its access token stop working in every process.',
    access: signedIn,
    returns: null,
    problems: [notFound],
    handle: (ctx: Identity, { params }) => endOwnSession(ctx, params.id),
  }),
  post('/auth/forgot-password', {
    summary: 'Mail a code for a new password',
    description: 'At most five codes a day from one network. The reply never says whether such an account exists.',
    access: anyone,
    limit: 'codes',
    body: ForgotPassword,
    returns: ForgottenPassword,
    status: 202,
    problems: [],
    handle: (ctx: Identity, { body }) => forgotPassword(ctx, body),
    again: async () => FORGOTTEN,
  }),
  post('/auth/reset-password', {
    summary: 'Set a new password with the code that was mailed',
    description:
      'A code is valid once, for 15 minutes. Its six digits may be tried five times from one network; the long code of the same email has no such limit. All sessions of the account end at once.',
    access: anyone,
    limit: 'codes',
    body: ResetPassword,
    returns: null,
    audits: 'refusals',
    problems: [wrongCode],
    handle: (ctx: Identity, { body }) => resetPassword(ctx, body),
    again: async () => undefined,
  }),
  post('/auth/change-password', {
    summary: 'Set a new password with the current one',
    description: 'This session continues. All other sessions of the account end at once.',
    access: signedIn,
    mfa: true,
    limit: 'sign-in',
    body: ChangePassword,
    returns: null,
    audits: 'refusals',
    problems: [wrongPassword],
    handle: (ctx: Identity, { body }) => changePassword(ctx, body),
    again: async () => undefined,
  }),
  ...mfaRoutes,
  get('/auth/me', {
    summary: 'The account of the token',
    description: 'Returns the account with its current roles and permissions.',
    access: signedIn,
    returns: Me,
    problems: [],
    handle: (ctx: Identity) => whoAmI(ctx),
  }),
  put('/users/{userId}/roles', {
    summary: 'Set the roles of an account, at once',
    description: 'Replaces all roles. Access tokens with other roles become invalid; clients refresh them.',
    access: permitted('roles:grant'),
    mfa: true,
    body: Roles,
    returns: AccountRoles,
    etag: ({ version }) => version,
    problems: [notFound, versionMismatch, lastAdmin],
    handle: (ctx: Identity, { params, body, ifMatch }) =>
      grantRoles(ctx, { accountId: params.userId, roles: body.roles, ifMatch, keepsLastAdmin: true }),
  }),
  post('/users/{userId}/suspension', {
    summary: 'Suspend or reinstate an account',
    description: 'Works at once in every process. Only those who may grant roles can suspend staff.',
    access: permitted('moderation:decide'),
    body: Suspension,
    returns: SuspendedAccount,
    problems: [notFound, forbidden, ownSuspension, lastAdmin],
    handle: (ctx: Identity, { params, body }) => suspendAccount(ctx, params.userId, body),
    again: (ctx: Identity, { params }) => showSuspended(ctx, params.userId),
  }),
  post('/customers', {
    summary: 'Register a customer',
    description: 'The account is active at once. The email has no effect until it is confirmed with the mailed code.',
    access: anyone,
    limit: 'sign-up',
    idempotent: true,
    body: RegisterCustomer,
    returns: Customer,
    status: 201,
    location: ({ username }) => `/customers/${encodeURIComponent(username)}`,
    etag: ({ version }) => version,
    problems: [usernameTaken],
    handle: (ctx: Identity, { body, key }) => registerCustomer(ctx, body, key),
  }),
  get('/customers/{username}', {
    summary: 'A customer with all personal data',
    description: "Shows the account with its personal data. Reading somebody else's leaves an entry in the audit trail.",
    access: ownAccount('customers:read'),
    returns: Customer,
    etag: ({ version }) => version,
    problems: [notFound],
    handle: (ctx: Identity, { params }) => showCustomer(ctx, params.username),
  }),
  get('/.well-known/jwks.json', {
    summary: 'Public keys that tokens are signed with',
    description: 'The public keys (RFC 7517) with which access and id tokens are verified. Cache them for the time in Cache-Control.',
    access: anyone,
    cacheControl: 'public, max-age=300',
    returns: z.object({ keys: z.array(PublicKey) }).meta({ id: 'Jwks' }),
    problems: [],
    handle: async (ctx: Identity) => ({ keys: await publicKeys(ctx) }),
  }),
  get('/.well-known/openid-configuration', {
    summary: 'How to verify and get tokens (OpenID Connect Discovery)',
    description: 'Where the keys and the tokens are, for OpenID Connect libraries that configure themselves.',
    access: anyone,
    cacheControl: 'public, max-age=300',
    returns: OpenIdConfiguration,
    problems: [],
    handle: async (ctx: Identity) => openIdConfiguration(ctx.settings.publicUrl),
  }),
];
