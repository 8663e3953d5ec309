import { z } from 'zod';
import { notFound, unauthenticated, versionMismatch } from '#kernel/problems.ts';
import { anyone, get, ownAccount, permitted, post, put, signedIn } from '#kernel/routes.ts';
import { Confirmed, ConfirmSignUp, confirmSignUp } from './confirm-sign-up.ts';
import type { Identity } from './context.ts';
import { PublicKey } from './contract.ts';
import { Customer } from './customer.ts';
import { getToken, OAuthTokens, TokenRequest } from './get-token.ts';
import { AccountRoles, grantRoles, Roles } from './grant-roles.ts';
import { OpenIdConfiguration, openIdConfiguration } from './openid-configuration.ts';
import { accountSuspended, invalidRefreshToken, notConfirmed, usernameTaken, wrongCode, wrongCredentials } from './problems.ts';
import { RegisterCustomer, registerCustomer } from './register-customer.ts';
import { ResendCode, ResentCode, resendCode } from './resend-code.ts';
import { showCustomer } from './show-customer.ts';
import { SignIn, signIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';
import { SignedUp, SignUp, signUp } from './sign-up.ts';
import { publicKeys } from './signing-key.ts';
import { Tokens } from './tokens.ts';
import { Me, whoAmI } from './who-am-i.ts';

export const routes = [
  post('/auth/sign-up', {
    summary: 'Open an account',
    description:
      'Mails a six-digit code; the account signs in once its email is confirmed. The answer is the same for an address that has an account already.',
    access: anyone,
    limit: 'sign-up',
    idempotent: true,
    body: SignUp,
    returns: SignedUp,
    status: 201,
    problems: [usernameTaken],
    handle: (ctx: Identity, { body, key }) => signUp(ctx, body, key),
  }),
  post('/auth/confirm-sign-up', {
    summary: 'Confirm an email with the code that was mailed to it',
    description: 'A code is good for 15 minutes and five tries.',
    access: anyone,
    limit: 'codes',
    body: ConfirmSignUp,
    returns: Confirmed,
    problems: [wrongCode],
    handle: (ctx: Identity, { body }) => confirmSignUp(ctx, body),
  }),
  post('/auth/resend-code', {
    summary: 'Mail a new code',
    description: 'At most five codes a day; a new one replaces the one before. The answer never says whether an account waits for one.',
    access: anyone,
    limit: 'codes',
    body: ResendCode,
    returns: ResentCode,
    status: 202,
    problems: [],
    handle: (ctx: Identity, { body }) => resendCode(ctx, body),
  }),
  post('/auth/sign-in', {
    summary: 'Sign in with email or username and password',
    access: anyone,
    limit: 'sign-in',
    body: SignIn,
    returns: Tokens,
    problems: [wrongCredentials, notConfirmed, accountSuspended],
    handle: (ctx: Identity, { body }) => signIn(ctx, body),
  }),
  post('/auth/token', {
    summary: 'Tokens for Basic credentials or for a refresh token',
    description:
      'Either `Authorization: Basic`, or `grant_type=refresh_token` with `refresh_token`, as a form (RFC 6749) or JSON. A refresh token is good once: presented again after it was exchanged, it ends its session.',
    access: anyone,
    limit: 'sign-in',
    body: TokenRequest,
    form: true,
    returns: OAuthTokens,
    problems: [unauthenticated, wrongCredentials, notConfirmed, accountSuspended, invalidRefreshToken],
    handle: (ctx: Identity, { body, header }) => getToken(ctx, body, header('authorization')),
  }),
  post('/auth/sign-out', {
    summary: 'End this session at once',
    access: signedIn,
    returns: null,
    status: 204,
    problems: [],
    handle: (ctx: Identity) => signOut(ctx),
  }),
  get('/auth/me', {
    summary: 'Who the token speaks for',
    access: signedIn,
    returns: Me,
    problems: [],
    handle: (ctx: Identity) => whoAmI(ctx),
  }),
  put('/users/{id}/roles', {
    summary: 'Set the roles of an account, at once',
    description: 'Replaces all roles. Access tokens that speak of other roles die; their holder refreshes.',
    access: permitted('roles:grant'),
    body: Roles,
    returns: AccountRoles,
    etag: ({ version }) => version,
    problems: [notFound, versionMismatch],
    handle: (ctx: Identity, { params, body, ifMatch }) => grantRoles(ctx, { accountId: params.id, roles: body.roles, ifMatch }),
  }),
  post('/customers', {
    summary: 'Register a customer',
    description: 'Active at once. An email given here counts for nothing until it is confirmed with the code that is mailed to it.',
    access: anyone,
    limit: 'sign-up',
    idempotent: true,
    body: RegisterCustomer,
    returns: Customer,
    status: 201,
    etag: ({ version }) => version,
    problems: [usernameTaken],
    handle: (ctx: Identity, { body, key }) => registerCustomer(ctx, body, key),
  }),
  get('/customers/{username}', {
    summary: 'A customer with all personal data',
    access: ownAccount('customers:read'),
    returns: Customer,
    etag: ({ version }) => version,
    problems: [notFound],
    handle: (ctx: Identity, { params }) => showCustomer(ctx, params.username),
  }),
  get('/.well-known/jwks.json', {
    summary: 'Public keys that tokens are signed with',
    access: anyone,
    cacheControl: 'public, max-age=300',
    returns: z.object({ keys: z.array(PublicKey) }).meta({ id: 'Jwks' }),
    problems: [],
    handle: async (ctx: Identity) => ({ keys: await publicKeys(ctx) }),
  }),
  get('/.well-known/openid-configuration', {
    summary: 'How to verify and get tokens (OpenID Connect Discovery)',
    access: anyone,
    cacheControl: 'public, max-age=300',
    returns: OpenIdConfiguration,
    problems: [],
    handle: async (ctx: Identity) => openIdConfiguration(ctx.settings.publicUrl),
  }),
];
